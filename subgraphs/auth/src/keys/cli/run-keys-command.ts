import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { createDatabase, type Database } from '@signet/db';
import { DatabaseStartError } from '@signet/db/embedded';
import type { Platform } from '@signet/schema/contract';
import { ConfigError, type Environment, loadConfig } from '@signet/service';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { openOperatorEnvironment } from '../../operator/operator-environment.ts';
import { UsageError } from '../../operator/usage-error.ts';
import {
  getPlatformSettings,
  type PlatformConfig,
  type PlatformSettings,
  platformConfigFields,
  prefixOf,
  rotationSecondsOf,
} from '../../settings.ts';
import { explainStartError } from '../../start-checks.ts';
import type { KeySettings } from '../change-keys.ts';
import { defaultKeyTiming, type KeyTiming } from '../key-plan.ts';
import { createKeySettings } from '../key-ring.ts';
import { importKey, revokeKey, rotateKey } from '../operator-changes.ts';
import { openPemKeyRing, PemError, type PemKeys, readPrivatePem } from '../pem-keys.ts';
import { insertKeyRevocation, listEverySigningKey } from '../signing-key.queries.ts';
import { type KeysCommand, parseKeysCommand, usage } from './arguments.ts';
import { formatKeyTable } from './key-table.ts';
import {
  type Report,
  reportImport,
  reportPemRevocation,
  reportRevocation,
  reportRotation,
} from './key-texts.ts';
import { runProofCommand } from './proof/run-proof-command.ts';

type Io = {
  argv: readonly string[];
  env: Environment;
  stdin: NodeJS.ReadableStream;
  print(text: string): void;
  printError(text: string): void;
  timing?: Partial<KeyTiming>;
};

/** Runs `npm run keys -- …` and returns the exit code. What it prints holds no secret. */
export async function runKeysCommand(io: Io): Promise<number> {
  const [first, ...rest] = io.argv;
  if (first === 'proof') {
    return runProofCommand({ ...io, argv: rest });
  }
  try {
    const command = parseKeysCommand(io.argv);
    const environment = await openOperatorEnvironment(io.env);
    try {
      const reports = await runCommand(command, { ...io, env: environment.env });
      for (const { text: line, failed } of reports) {
        (failed ? io.printError : io.print)(line);
      }
      return reports.some(({ failed }) => failed) ? 1 : 0;
    } finally {
      await environment.close();
    }
  } catch (error) {
    io.printError(explain(error));
    return 1;
  }
}

function explain(error: unknown): string {
  if (error instanceof UsageError) {
    return `${error.message}\n${usage}`;
  }
  if (error instanceof ConfigError) {
    return error.faults.join('\n');
  }
  return error instanceof DatabaseStartError ? error.message : ((error as Error).stack ?? String(error));
}

async function runCommand(command: KeysCommand, io: Io): Promise<Report[]> {
  const config = loadConfig(z.object(platformConfigFields), io.env);
  if (command.name === 'list') {
    const held = command.platforms.filter((platform) => config[`${prefixOf(platform)}_DATABASE_URL`]);
    const wanted = held.length > 0 ? held : command.platforms;
    return Promise.all(wanted.map((platform) => listKeys(platform, config, io)));
  }
  const settings = getPlatformSettings(config, command.platform);
  return [await changeKeys(command, settings, io)];
}

/** Needs no key-encryption key: nothing is opened. */
async function listKeys(platform: Platform, config: PlatformConfig, io: Io): Promise<Report> {
  const prefix = prefixOf(platform);
  const privateKey = config[`${prefix}_PRIVATE_KEY`];
  if (privateKey !== undefined) {
    return { text: await listPemKeys(platform, { privateKey, publicKeys: config[`${prefix}_PUBLIC_KEYS`] }) };
  }
  const databaseUrl = config[`${prefix}_DATABASE_URL`];
  if (databaseUrl === undefined) {
    throw new ConfigError([`${prefix}_DATABASE_URL: is not set`]);
  }
  const { publicationSeconds } = { ...defaultKeyTiming, ...io.timing };
  const policy = { publicationSeconds, rotationSeconds: rotationSecondsOf(config, platform) };
  const rows = await withDatabase(platform, databaseUrl, (db) => listEverySigningKey(db, platform));
  return { text: formatKeyTable(platform, rows, policy) };
}

async function listPemKeys(platform: Platform, pems: PemKeys): Promise<string> {
  const published = (await openPemKeyRing(platform, pems)).listPublished();
  const lines = published.map(
    ({ kid, algorithm }, index) => `  ${kid}  ${algorithm}  ${index === 0 ? 'signs' : 'public key only'}`,
  );
  return [`${platform} (from the configuration)`, ...lines].join('\n');
}

type Change = Exclude<KeysCommand, { name: 'list' }>;

async function changeKeys(command: Change, settings: PlatformSettings, io: Io): Promise<Report> {
  const { platform } = command;
  const { keys, databaseUrl, lifetimes } = settings;
  if (keys.kind === 'pem') {
    return changePemKeys(command, databaseUrl);
  }
  const keySettings = createKeySettings(platform, keys, lifetimes, io.timing);
  return withDatabase(platform, databaseUrl, (db) => runChange(command, db, keySettings, io));
}

/** Files are changed by whoever wrote them; only that a key is trusted no more can be said here. */
async function changePemKeys(command: Change, databaseUrl: string): Promise<Report> {
  const { platform } = command;
  if (command.name !== 'revoke') {
    throw new ConfigError([
      `${prefixOf(platform)}_PRIVATE_KEY: is set, so this platform's keys lie in files: change those and start auth anew (docs/keys.md)`,
    ]);
  }
  const { kid } = command;
  await withDatabase(platform, databaseUrl, (db) =>
    db.transaction().execute((trx) => insertKeyRevocation(trx, platform, kid)),
  );
  return reportPemRevocation(platform, kid);
}

async function runChange(
  command: Change,
  db: Kysely<Database>,
  settings: KeySettings,
  { stdin }: Io,
): Promise<Report> {
  const { platform } = command;
  const { publicationSeconds } = settings.timing;
  switch (command.name) {
    case 'rotate':
      return reportRotation(platform, await rotateKey(db, settings, command), publicationSeconds);
    case 'revoke': {
      const revocation = await revokeKey(db, settings, command.kid);
      return reportRevocation(platform, command.kid, revocation, publicationSeconds);
    }
    case 'import': {
      const key = await readPrivatePem(await readPem(command.file, stdin)).catch((error: unknown) => {
        throw error instanceof PemError ? new ConfigError([`${command.file}: ${error.message}`]) : error;
      });
      return reportImport(platform, key.kid, await importKey(db, settings, key));
    }
  }
}

async function readPem(file: string, stdin: NodeJS.ReadableStream): Promise<string> {
  try {
    return file === '-' ? await text(stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`${file}: can't be read (${(error as NodeJS.ErrnoException).code})`]);
  }
}

async function withDatabase<T>(
  platform: Platform,
  databaseUrl: string,
  run: (db: Kysely<Database>) => Promise<T>,
): Promise<T> {
  const db = createDatabase(databaseUrl, { maxConnections: 1, applicationName: 'signet-keys' });
  try {
    return await run(db);
  } catch (error) {
    throw explainStartError(error, platform, databaseUrl);
  } finally {
    await db.destroy();
  }
}
