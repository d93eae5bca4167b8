import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { explainOperatorFailure } from '@signet/auth/operator';
import {
  type ChangingSecret,
  isSeenWhole,
  readSecretUse,
  resealKeys,
  type SecretUse,
  secretKeyId,
  secretPlaces,
} from '@signet/auth/operator/secrets';
import { type Platform, platforms } from '@signet/schema/contract';
import { ConfigError, type KeyList } from '@signet/service';
import { type Command, Option } from 'commander';
import { action, addExample, type Context, neededOption, type Work } from './command.ts';
import { appendKey, changeKeyFile, type KeyListStep, promoteKey } from './key-list-file.ts';

type Options = { file?: string; platform?: Platform };
/** A command's name, what it is about, and the secret that its options name. */
type Family = {
  name: string;
  description: string;
  isOfPlatform: boolean;
  secretOf(options: Options): ChangingSecret;
  /** What to do after each step, beside deploying the file. */
  afterSwitch: string;
};

const families: readonly Family[] = [
  {
    name: 'pepper',
    description: 'the pepper of passwords (PASSWORD_PEPPER)',
    isOfPlatform: false,
    secretOf: () => 'pepper',
    afterSwitch:
      'A password is hashed anew when its owner signs in. `keys pepper status` counts what is left; the old pepper stays until nothing is.',
  },
  {
    name: 'encryption',
    description: "what seals a platform's signing keys (…_KEY_ENCRYPTION_KEY)",
    isOfPlatform: true,
    secretOf: ({ platform }) => (platform === 'portal' ? 'portal-encryption' : 'user-encryption'),
    afterSwitch:
      'When all have it: keys encryption reseal, and then keys encryption drop with the id of the old key.',
  },
  {
    name: 'audit',
    description: 'what seals the audit log (AUDIT_KEY)',
    isOfPlatform: false,
    secretOf: () => 'audit',
    afterSwitch:
      'The old key stays for `audit verify`, which needs it for the seals that were made under it. The processes need it no longer.',
  },
];

/** `signet keys pepper`, `encryption` and `audit`: secrets that lie in a file, a key on each line, the first in use (docs/keys.md). */
export function defineSecretKeys(command: Command, context: Context): void {
  for (const family of families) defineFamily(command.command(family.name), family, context);
}

function defineFamily(command: Command, family: Family, context: Context): void {
  const { name, isOfPlatform } = family;
  const platformWords = isOfPlatform ? ' --platform user' : '';
  const add = (words: string, description: string, example = words) => {
    const added = addExample(
      command.command(words).description(description),
      `npm run keys -- ${name} ${example}${platformWords}`,
    );
    return isOfPlatform
      ? added.addOption(neededOption('--platform <platform>', 'whose key').choices(platforms))
      : added;
  };
  const addStep = (words: string, description: string, example?: string) =>
    add(words, description, example).addOption(
      new Option(
        '--file <file>',
        'where the secret lies (default: the file that its …_FILE variable names; else that of npm start)',
      ),
    );

  command.description(
    `Changes ${family.description} without stopping, in steps. It prints ids of keys and no key (docs/keys.md).`,
  );
  addExample(command, `npm run keys -- ${name} status${platformWords}`);
  add('status', 'the keys by their ids, and what depends on each').action(
    act(context, async (options: Options) => {
      const secret = family.secretOf(options);
      context.print(formatUse(secret, await readSecretUse(context.env, secret)));
    }),
  );
  addStep('rotate', 'step 1: a new key, which is accepted and makes nothing yet').action(
    act(context, async (options: Options) =>
      takeStep(context, family, options, appendKey, afterRotate(family, options)),
    ),
  );
  addStep('switch', 'step 2: the new key makes what is new; the others are still accepted').action(
    act(context, async (options: Options) =>
      takeStep(context, family, options, promoteKey, `${deploy(family, options)} ${family.afterSwitch}`),
    ),
  );
  if (name !== 'audit') {
    addStep('drop', 'step 3: an old key goes, on which nothing depends any more', 'drop 5f2c…')
      .argument('<id>', "the key's id, as status shows it")
      .action(act(context, (id: string, options: Options) => drop(context, family, id, options)));
  }
  if (isOfPlatform) {
    add('reseal', 'seal all signing keys under the first key, while auth runs').action(
      act(context, async ({ platform }: Options) => {
        const kids = await resealKeys(context.env, platform as Platform);
        context.print(
          kids.length > 0
            ? [`${platform}: sealed anew`, ...kids.map((kid) => `  ${kid}`)].join('\n')
            : `${platform}: every signing key is sealed under the first key already.`,
        );
      }),
    );
  }
}

async function takeStep(
  context: Context,
  family: Family,
  options: Options,
  step: KeyListStep,
  next: string,
): Promise<void> {
  const secret = family.secretOf(options);
  const path = findFile(context, secret, options);
  const keys = await changeKeyFile(path, step);
  context.print([`${path} has now`, ...formatIds(secret, keys), next].join('\n'));
}

function afterRotate(family: Family, options: Options): string {
  return `${deploy(family, options)} When all have it: keys ${family.name} switch.`;
}

/** The secret must be the same everywhere before a key of it is used. */
function deploy({ secretOf }: Family, options: Options): string {
  const { variable } = secretPlaces[secretOf(options)];
  return `Give it to every process that has ${variable}, and start each again.`;
}

async function drop(
  context: Context,
  family: Family,
  id: string,
  options: Options,
): Promise<number | undefined> {
  const secret = family.secretOf(options);
  const use = await readSecretUse(withFile(context, secret, findFile(context, secret, options)), secret);
  if (!isSeenWhole(secret, use)) {
    throw new ConfigError([
      `Nothing was changed: only the platform '${use.seen.join()}' can be seen from here. Run this with DATABASE_URL of an administrator.`,
    ]);
  }
  const { uses = 0 } = use.keys.find((key) => key.id === id) ?? {};
  if (uses > 0) {
    throw new ConfigError([`Nothing was changed: ${uses} ${use.unit} depend on ${id}.`]);
  }
  return takeStep(context, family, options, dropKey(secret, id), deploy(family, options)).then(
    () => undefined,
  );
}

/** The environment with the secret as it stands in the file: what depends on a key is judged by that. */
function withFile({ env }: Context, secret: ChangingSecret, path: string): Context['env'] {
  const { variable } = secretPlaces[secret];
  const isLocal = !env[variable] && !env[`${variable}_FILE`];
  return isLocal ? env : { ...env, [variable]: undefined, [`${variable}_FILE`]: path };
}

function dropKey(secret: ChangingSecret, id: string): KeyListStep {
  return (keys) => {
    const place = keys.findIndex((key) => secretKeyId(secret, key) === id);
    if (place < 0) throw new ConfigError([`There is no key ${id} in that file.`]);
    if (place === 0) throw new ConfigError([`${id} is the first key, which is in use: switch first.`]);
    return keys.toSpliced(place, 1);
  };
}

/** @throws {ConfigError} where it is not known, or the secret stands in a variable itself. */
function findFile({ env }: Context, secret: ChangingSecret, { file }: Options): string {
  const { variable, file: local } = secretPlaces[secret];
  const named = file ?? env[`${variable}_FILE`];
  if (named) return resolve(named);
  const path = resolve(env.SIGNET_HOME || '.signet', local);
  if (env[variable] || !existsSync(path)) {
    throw new ConfigError([`--file: name the file in which ${variable} lies, a key on each line`]);
  }
  return path;
}

function formatIds(secret: ChangingSecret, keys: KeyList): string[] {
  return keys.map((key, index) => `  ${secretKeyId(secret, key)}  ${index === 0 ? 'in use' : 'accepted'}`);
}

const places = { first: 'in use', further: 'accepted', missing: 'MISSING' } as const;

function formatUse(secret: ChangingSecret, use: SecretUse): string {
  const lines = use.keys.map(
    ({ id, place, uses }) => `  ${id}  ${places[place].padEnd(8)}  ${uses} ${use.unit}`,
  );
  const partly = isSeenWhole(secret, use) ? [] : [`Only '${use.seen.join()}' was looked at.`];
  return [secretPlaces[secret].variable, ...lines, ...partly].join('\n');
}

function act<A extends unknown[]>(context: Context, work: Work<A>) {
  return action(
    context,
    (error) => explainOperatorFailure(error) ?? (error as Error).stack ?? String(error),
    work,
  );
}
