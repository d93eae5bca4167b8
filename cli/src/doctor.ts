import { checkProcesses, diagnose, formatFinding } from '@signet/auth/operator/doctor';
import { type Command, InvalidArgumentError } from 'commander';
import { action, addExample, type Context } from './command.ts';

/** `signet doctor`: says line by line what is right, what is wrong and what to do (docs/keys.md). */
export function define(command: Command, context: Context): void {
  addExample(
    command.description(
      "Looks at a deployment: with the variables of an auth process (a container's) at that one, without them at the platform " +
        'of npm start on this machine. With DATABASE_URL of an administrator it also names missing migrations. Exit 1 where ' +
        'anything is wrong. It changes nothing.',
    ),
    'npm run doctor',
  )
    .option(
      '--processes <urls>',
      'ask these processes alone for their health: the URLs of their metrics ports (METRICS_PORT), separated by commas; it needs no variables',
      readUrls,
    )
    .action(
      action(
        context,
        (error) => (error as Error).stack ?? String(error),
        async ({ processes }: { processes?: string[] }) => {
          const findings = await (processes ? checkProcesses(processes) : diagnose(context.env));
          for (const finding of findings) context.print(formatFinding(finding));
          const faults = findings.filter(({ kind }) => kind === 'wrong').length;
          context.print(
            faults === 0
              ? '\nNothing is wrong.'
              : `\n${faults} ${faults === 1 ? 'thing is' : 'things are'} wrong.`,
          );
          return faults === 0 ? 0 : 1;
        },
      ),
    );
}

function readUrls(list: string): string[] {
  const urls = list.split(',').map((each) => each.trim());
  const wrong = urls.find((url) => !/^https?:$/.test(URL.parse(url)?.protocol ?? ''));
  if (wrong === undefined) return urls;
  throw new InvalidArgumentError(`'${wrong}' is not a URL such as http://gateway-user:9464`);
}
