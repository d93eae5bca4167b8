import { explainOperatorFailure } from '@signet/auth/operator';
import { openPlatformDatabases } from '@signet/auth/operator/databases';
import {
  formatSealReference,
  parseSealReference,
  type SealReference,
  type Verification,
  verifyAuditLog,
} from '@signet/db';
import { type Command, InvalidArgumentError } from 'commander';
import { action, addExample, type Context } from './command.ts';

/** `signet audit verify`: whether anybody changed the audit log (docs/audit.md). */
export function define(command: Command, context: Context): void {
  command.description(
    'Needs AUDIT_KEY, and DATABASE_URL of an administrator or the variables of an auth process. Without these it works on ' +
      'the platform of npm start on this machine.',
  );
  addExample(command, 'npm run audit -- verify');
  addExample(
    command
      .command('verify')
      .description('read the whole audit log and say which rows were changed, taken out, moved or added'),
    'npm run audit -- verify --last-seal user:12:6b3f…',
  )
    .option<SealReference[]>(
      '--last-seal <platform:number:mac>',
      "the last 'audit rows sealed' of the process log, one for each platform; without it a cut off end shows nowhere",
      (text, seals) => [...seals, readSeal(text)],
      [],
    )
    .action(
      action(context, explain, ({ lastSeal }: { lastSeal: SealReference[] }) => verify(lastSeal, context)),
    );
}

function readSeal(text: string): SealReference {
  const seal = parseSealReference(text);
  if (!seal) throw new InvalidArgumentError('A seal is written like user:12: and 64 hexadecimal digits.');
  return seal;
}

/** Returns 1 where anything is wrong with the log. */
async function verify(lastSeals: readonly SealReference[], context: Context): Promise<number> {
  const { keys, databases, close } = await openPlatformDatabases(context.env, 'AUDIT_KEY');
  let faults = 0;
  try {
    for (const { platform, db } of databases) {
      const lastSeal = lastSeals.find((seal) => seal.platform === platform);
      const verification = await verifyAuditLog({ db, platform, keys, lastSeal });
      faults += verification.faults.length;
      report(verification, context);
    }
  } finally {
    await close();
  }
  return faults > 0 ? 1 : 0;
}

function report(
  { platform, seals, events, pruned, completeFrom, faults, keys, lastSeal }: Verification,
  { print, printError }: Context,
): void {
  const gone = pruned > 0 ? `, ${pruned} of them pruned when their time was over` : '';
  const size = `${platform}: ${seals} seals over ${events} rows${gone}`;
  if (faults.length === 0) {
    const from = pruned > 0 ? `; complete from seal ${completeFrom} on` : '';
    const last = lastSeal ? `; the last is ${formatSealReference(lastSeal)}` : '';
    const changes = keys.slice(1).map(({ id, from: seal }) => `; under the key ${id} from seal ${seal} on`);
    print(`${size}, as they were sealed${from}${changes.join('')}${last}`);
    return;
  }
  printError([`${size}, ${faults.length} wrong:`, ...faults.map((fault) => `  ${fault}`)].join('\n'));
}

function explain(error: unknown): string {
  return explainOperatorFailure(error) ?? `The log could not be read: ${String(error)}`;
}
