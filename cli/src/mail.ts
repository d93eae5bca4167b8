import { explainOperatorFailure } from '@signet/auth/operator';
import { type MailStatus, readMailStatus, retryMails, sendTestMail } from '@signet/auth/operator/mail';
import { type Platform, platforms } from '@signet/schema/contract';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { action, addExample, type Context, UsageError, type Work } from './command.ts';

type PlatformOption = { platform?: Platform };

/** `signet mail`: whether mails can be sent, and what an operator does about those that could not (docs/accounts.md). */
export function define(command: Command, context: Context): void {
  command.description(
    'Works on the deployment whose variables an auth process would have; without them on the platform of npm start on this ' +
      'machine.',
  );
  addExample(command, 'npx signet mail status');
  addExample(
    command.command('status').description('how many mails wait, were sent or given up, and why'),
    'npx signet mail status',
  )
    .addOption(platformOption())
    .action(
      act(context, async ({ platform }: PlatformOption) => {
        const found = await readMailStatus(context.env, platform ? [platform] : platforms);
        for (const status of found) context.print(formatStatus(status));
      }),
    );
  addExample(
    command
      .command('retry')
      .description('try a mail again that was given up; links in it may have expired')
      .argument('[id]', "the mail's id, as the status shows it", readId)
      .option('--all', 'all that were given up'),
    'npx signet mail retry --all --platform user',
  )
    .addOption(platformOption())
    .action(
      act(context, async (id: string | undefined, { all, platform }: PlatformOption & { all?: boolean }) => {
        if ((id === undefined) !== (all === true)) throw new UsageError('Either an id or --all.');
        const count = await retryMails(context.env, platform ? [platform] : platforms, id);
        if (count === 0 && id !== undefined) {
          context.printError(`No mail ${id} was given up.`);
          return 1;
        }
        context.print(count === 1 ? '1 mail will be tried again' : `${count} mails will be tried again`);
        return 0;
      }),
    );
  addExample(
    command
      .command('test')
      .description('send one mail by MAIL_URL and MAIL_FROM, and show what the server answers')
      .argument('<address>', 'who gets it', readAddress),
    'npx signet mail test you@example.com',
  ).action(
    act(context, async (address: string) => {
      const { server, from, attempt } = await sendTestMail(context.env, address);
      context.print(`server: ${server}\nfrom:   ${from}\nto:     ${address}`);
      if (attempt.outcome === 'sent') {
        context.print(`sent:   ${attempt.answer}`);
        return 0;
      }
      const answer = attempt.answer === undefined ? '' : `\n  ${attempt.answer}`;
      context.printError(`${failures[attempt.outcome]} (${attempt.error})${answer}`);
      return 1;
    }),
  );
}

const failures = {
  refused: 'not sent: the server does not take this mail',
  unreachable: 'not sent: the server cannot be reached, or takes no mail from us',
};

function platformOption(): Option {
  return new Option('--platform <platform>', 'whose mails (default: both)').choices(platforms);
}

function readId(text: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text))
    throw new InvalidArgumentError('It is a UUID.');
  return text;
}

function readAddress(text: string): string {
  if (!/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(text)) throw new InvalidArgumentError('It is an e-mail address.');
  return text;
}

function formatStatus({ platform, counts, dead }: MailStatus): string {
  const states = counts.map(
    ({ state, count, oldest }) => `${count} ${state} (the oldest of ${oldest.toISOString()})`,
  );
  return [
    `${platform}: ${states.join(', ') || 'no mails'}`,
    ...dead.map(
      ({ id, tenant, template, attempts, lastError, createdAt }) =>
        `  given up: ${id}  ${tenant}  ${template}  ${createdAt.toISOString()}  ${attempts} attempts  ${lastError ?? ''}`,
    ),
  ].join('\n');
}

function act<A extends unknown[]>(context: Context, work: Work<A>) {
  return action(
    context,
    (error) => explainOperatorFailure(error) ?? `The mails could not be read: ${String(error)}`,
    work,
  );
}
