import { readFile } from 'node:fs/promises';
import { explainOperatorFailure } from '@signet/auth/operator';
import { eraseAgain, listErasedAccounts, parseErasedAccounts } from '@signet/auth/operator/erase-again';
import type { Command } from 'commander';
import { action, addExample, type Context, messageOf, type Work } from './command.ts';

/** `signet accounts`: erasures must outlive a backup from before them (docs/accounts.md). */
export function define(command: Command, context: Context): void {
  command.description(
    'Works on the deployment whose variables an auth process of customers would have; without them on the platform of npm start on ' +
      'this machine.',
  );
  addExample(command, 'npx signet accounts erased');
  addExample(
    command
      .command('erased')
      .description('list the erased accounts by their ids, to be kept beside the backups'),
    'npx signet accounts erased > erased.jsonl',
  ).action(
    act(context, async () => {
      for (const account of await listErasedAccounts(context.env)) context.print(JSON.stringify(account));
    }),
  );
  addExample(
    command
      .command('erase-again')
      .description('after a restore: erase the accounts of such a list that the backup brought back'),
    'npx signet accounts erase-again erased.jsonl',
  )
    .argument('<file.jsonl>', 'what `accounts erased` printed')
    .option('--check', 'count them, and erase nobody')
    .action(
      act(context, async (file: string, { check = false }: { check?: boolean }) => {
        const accounts = parseErasedAccounts(await readFile(file, 'utf8'));
        const { due, absent, erased } = await eraseAgain(context.env, accounts, { checkOnly: check });
        const what = check ? 'would be erased' : 'are due: the running processes erase them';
        context.print(`${due} ${what}; ${erased} were erased already, ${absent} are not there.`);
      }),
    );
}

function act<A extends unknown[]>(context: Context, work: Work<A>) {
  return action(context, (error) => explainOperatorFailure(error) ?? messageOf(error), work);
}
