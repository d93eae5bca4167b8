import { createDatabase, type Database } from '@signet/db';
import type { Platform, SigningAlgorithm } from '@signet/schema/contract';
import { ConfigError, type Environment, loadConfig } from '@signet/service';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { KeySettings } from '../keys/change-keys.ts';
import { defaultKeyTiming, type KeyTiming, rotationDueAt, signsFrom } from '../keys/key-plan.ts';
import { createKeySettings } from '../keys/key-ring.ts';
import {
  importKey,
  type KeyImport,
  type KeyRevocation,
  type Rotation,
  revokeKey,
  rotateKey,
} from '../keys/operator-changes.ts';
import { openPemKeyRing, PemError, readPrivatePem } from '../keys/pem-keys.ts';
import { insertKeyRevocation, listEverySigningKey } from '../keys/signing-key.queries.ts';
import {
  getPlatformSettings,
  type PlatformConfig,
  type PlatformSettings,
  platformConfigFields,
  prefixOf,
  rotationSecondsOf,
} from '../platform-settings.ts';
import { explainStartError } from '../start-checks.ts';
import { openOperatorEnvironment } from './operator-environment.ts';

export type { KeyImport, KeyRevocation, Rotation } from '../keys/operator-changes.ts';
export { formatTime } from './finding.ts';

/** What an operator does to signing keys (@signet/auth/operator/keys). Nothing that it returns is secret. */
export type KeyChange =
  | {
      name: 'rotate';
      platform: Platform;
      algorithm: SigningAlgorithm | undefined;
      mode: 'when-published' | 'now' | 'emergency';
    }
  | { name: 'revoke'; platform: Platform; kid: string }
  /** `file` is the name by which a fault of the PEM is reported. */
  | { name: 'import'; platform: Platform; file: string; pem: string };

export type KeyOutcome = { platform: Platform; publicationSeconds: number } & (
  | { name: 'rotate'; rotation: Rotation }
  | { name: 'revoke'; kid: string; revocation: KeyRevocation }
  /** The platform's keys lie in files, which the process goes on using until it gets others. */
  | { name: 'revoke-in-files'; kid: string }
  | { name: 'import'; kid: string; result: KeyImport }
);

export type ListedKey = {
  kid: string;
  algorithm: string;
  state: string;
  publishedAt: Date | null;
  signsSince: Date | null;
  isImported: boolean;
  /** When the waiting key signs by itself; undefined where it waits for a rotation by hand. */
  takesOverAt: Date | undefined;
  /** The earliest time at which the waiting key may sign. */
  maySignFrom: Date | undefined;
  /** When a retiring key leaves, or a retired one left. */
  leavesAt: Date | null;
};

export type ListedKeys = { platform: Platform } & (
  | { origin: 'database'; keys: readonly ListedKey[] }
  /** The first one signs. */
  | { origin: 'files'; keys: readonly { kid: string; algorithm: string }[] }
);

/**
 * Lists the keys of the platforms wanted, as far as this environment holds their databases. Needs no key-encryption key:
 * nothing is opened.
 *
 * @throws {ConfigError} DatabaseStartError
 */
export async function listKeys(
  env: Environment,
  wanted: readonly Platform[],
  timing?: Partial<KeyTiming>,
): Promise<ListedKeys[]> {
  return inOperatorEnvironment(env, (config) => {
    const held = wanted.filter((platform) => config[`${prefixOf(platform)}_DATABASE_URL`]);
    return Promise.all(
      (held.length > 0 ? held : wanted).map((platform) => listKeysOf(platform, config, timing)),
    );
  });
}

/**
 * Rotates, revokes or imports a key of one platform. Where it throws, nothing was changed.
 *
 * @throws {ConfigError} DatabaseStartError
 */
export async function changeKeys(
  env: Environment,
  change: KeyChange,
  timing?: Partial<KeyTiming>,
): Promise<KeyOutcome> {
  return inOperatorEnvironment(env, async (config) => {
    const settings = getPlatformSettings(config, change.platform);
    const { keys, databaseUrl, lifetimes } = settings;
    if (keys.kind === 'pem') return changeKeysInFiles(change, settings);
    const keySettings = createKeySettings(change.platform, keys, lifetimes, timing);
    return withDatabase(change.platform, databaseUrl, (db) => runChange(change, db, keySettings));
  });
}

async function inOperatorEnvironment<T>(
  env: Environment,
  work: (config: PlatformConfig) => Promise<T>,
): Promise<T> {
  const environment = await openOperatorEnvironment(env);
  try {
    return await work(loadConfig(z.object(platformConfigFields), environment.env));
  } finally {
    await environment.close();
  }
}

async function listKeysOf(
  platform: Platform,
  config: PlatformConfig,
  timing?: Partial<KeyTiming>,
): Promise<ListedKeys> {
  const prefix = prefixOf(platform);
  const privateKey = config[`${prefix}_PRIVATE_KEY`];
  if (privateKey !== undefined) {
    const ring = await openPemKeyRing(platform, { privateKey, publicKeys: config[`${prefix}_PUBLIC_KEYS`] });
    const keys = ring.listPublished().map(({ kid, algorithm }) => ({ kid, algorithm }));
    return { platform, origin: 'files', keys };
  }
  const databaseUrl = config[`${prefix}_DATABASE_URL`];
  if (databaseUrl === undefined) {
    throw new ConfigError([`${prefix}_DATABASE_URL: is not set`]);
  }
  const { publicationSeconds } = { ...defaultKeyTiming, ...timing };
  const policy = { publicationSeconds, rotationSeconds: rotationSecondsOf(config, platform) };
  const rows = await withDatabase(platform, databaseUrl, (db) => listEverySigningKey(db, platform));
  const active = rows.find(({ state }) => state === 'active');
  const keys = rows.map((row): ListedKey => {
    const maySignFrom = row.state === 'next' ? signsFrom(row, policy) : undefined;
    const due = maySignFrom && active && rotationDueAt(active, row, policy);
    return {
      kid: row.kid,
      algorithm: row.algorithm,
      state: row.state,
      publishedAt: row.published_at,
      signsSince: row.activated_at,
      isImported: row.imported,
      maySignFrom,
      takesOverAt: due && (due > maySignFrom ? due : maySignFrom),
      leavesAt: row.retire_at,
    };
  });
  return { platform, origin: 'database', keys };
}

/** Files are changed by who wrote them. Only that a key is trusted no more can be said here. */
async function changeKeysInFiles(change: KeyChange, { databaseUrl }: PlatformSettings): Promise<KeyOutcome> {
  const { platform } = change;
  if (change.name !== 'revoke') {
    throw new ConfigError([
      `${prefixOf(platform)}_PRIVATE_KEY: is set, so this platform's keys lie in files: change those and start auth anew (docs/keys.md)`,
    ]);
  }
  const { kid } = change;
  await withDatabase(platform, databaseUrl, (db) =>
    db.transaction().execute((trx) => insertKeyRevocation(trx, platform, kid)),
  );
  return { name: 'revoke-in-files', platform, kid, publicationSeconds: defaultKeyTiming.publicationSeconds };
}

async function runChange(
  change: KeyChange,
  db: Kysely<Database>,
  settings: KeySettings,
): Promise<KeyOutcome> {
  const { platform } = change;
  const { publicationSeconds } = settings.timing;
  switch (change.name) {
    case 'rotate': {
      const rotation = await rotateKey(db, settings, change);
      return { name: 'rotate', platform, publicationSeconds, rotation };
    }
    case 'revoke': {
      const { kid } = change;
      const revocation = await revokeKey(db, settings, kid);
      return { name: 'revoke', platform, publicationSeconds, kid, revocation };
    }
    case 'import': {
      const key = await readPrivatePem(change.pem).catch((error: unknown) => {
        throw error instanceof PemError ? new ConfigError([`${change.file}: ${error.message}`]) : error;
      });
      const result = await importKey(db, settings, key);
      return { name: 'import', platform, publicationSeconds, kid: key.kid, result };
    }
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
