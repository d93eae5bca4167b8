import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { explainOperatorFailure } from '@signet/auth/operator';
import { changeKeys, type KeyChange, listKeys } from '@signet/auth/operator/keys';
import { type Platform, platforms, type SigningAlgorithm, signingAlgorithms } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import { type Command, Option } from 'commander';
import { action, addExample, type Context, neededOption, UsageError, type Work } from './command.ts';
import { formatKeys, reportChange } from './key-texts.ts';
import { defineProofKeys } from './proof-keys.ts';
import { defineSecretKeys } from './secret-keys.ts';

type RotateOptions = {
  platform: Platform;
  algorithm?: SigningAlgorithm;
  now?: boolean;
  emergency?: boolean;
};
type PlatformOption = { platform: Platform };

/** `signet keys`: what an operator does to keys (docs/keys.md, docs/proof.md). */
export function define(command: Command, context: Context): void {
  command.description(
    'Works on the deployment whose variables an auth process would have; without them on the platform of npm start on this ' +
      'machine. docs/keys.md says what each change means for clients.',
  );
  addExample(command, 'npm run keys -- list');

  addExample(command.command('list').description('the keys, their states and dates'), 'npm run keys -- list')
    .addOption(new Option('--platform <platform>', 'whose keys (default: both)').choices(platforms))
    .action(act(context, ({ platform }: Partial<PlatformOption>) => showKeys(context, platform)));

  addExample(
    command
      .command('rotate')
      .description(
        'let the waiting key sign: at once where it has been published long enough, else as soon as it has been',
      ),
    'npm run keys -- rotate --platform user',
  )
    .addOption(neededPlatform())
    .addOption(new Option('--algorithm <name>', 'of the key that waits next').choices(signingAlgorithms))
    .option('--now', 'at once or not at all')
    .option('--emergency', 'at once, whether every verifier knows it or not')
    .action(act(context, (options: RotateOptions) => change(context, readRotation(options))));

  addExample(
    command
      .command('revoke')
      .description('from now on no token of this key is taken; if it signs, the waiting one takes over'),
    'npm run keys -- revoke 3q2-7wXb… --platform user',
  )
    .argument('<kid>', "the key's kid, as the list shows it")
    .addOption(neededPlatform())
    .action(
      act(context, (kid: string, { platform }: PlatformOption) =>
        change(context, { name: 'revoke', platform, kid }),
      ),
    );

  addExample(
    command.command('import').description('publish a private key that was made elsewhere as the waiting one'),
    'npm run keys -- import key.pem --platform portal',
  )
    .argument('<file.pem>', "'-' reads it from standard input")
    .addOption(neededPlatform())
    .action(
      act(context, async (file: string, { platform }: PlatformOption) =>
        change(context, { name: 'import', platform, file, pem: await readPem(file, context.stdin) }),
      ),
    );

  defineSecretKeys(command, context);
  defineProofKeys(
    command.command('proof').summary('the keys between gateway and subgraphs, in files'),
    context,
  );
}

/** One thumbprint in 64 begins with a dash, and is no option. */
export function rewriteArguments(words: readonly string[]): string[] {
  const [name, ...rest] = words;
  const kid = rest.find((word) => /^[\w-]{43}$/.test(word));
  return name === 'revoke' && kid ? [name, ...rest.filter((word) => word !== kid), '--', kid] : [...words];
}

function neededPlatform(): Option {
  return neededOption('--platform <platform>', 'whose key').choices(platforms);
}

function readRotation({ platform, algorithm, now, emergency }: RotateOptions): KeyChange {
  if (now && emergency) {
    throw new UsageError('Either --now or --emergency.');
  }
  const mode = emergency ? 'emergency' : now ? 'now' : 'when-published';
  return { name: 'rotate', platform, algorithm, mode };
}

async function showKeys({ env, keyTiming, print }: Context, platform: Platform | undefined): Promise<void> {
  for (const listed of await listKeys(env, platform ? [platform] : platforms, keyTiming)) {
    print(formatKeys(listed));
  }
}

async function change({ env, keyTiming, print, printError }: Context, wanted: KeyChange): Promise<number> {
  const { text: line, failed } = reportChange(await changeKeys(env, wanted, keyTiming));
  (failed ? printError : print)(line);
  return failed ? 1 : 0;
}

async function readPem(file: string, stdin: NodeJS.ReadableStream): Promise<string> {
  try {
    return file === '-' ? await text(stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`${file}: can't be read (${(error as NodeJS.ErrnoException).code})`]);
  }
}

function act<A extends unknown[]>(context: Context, work: Work<A>) {
  return action(
    context,
    (error) => explainOperatorFailure(error) ?? (error as Error).stack ?? String(error),
    work,
  );
}
