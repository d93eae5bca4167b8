import { createHash } from 'node:crypto';
import { auditKeyId, createDatabase, type Database } from '@signet/db';
import { createPepper } from '@signet/db/password-hash';
import { type Platform, platforms } from '@signet/schema/contract';
import { ConfigError, type Environment, loadConfig } from '@signet/service';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import { countPeppers, unnamedPepper } from '../accounts/pepper-use.ts';
import { createKeySettings } from '../keys/key-ring.ts';
import { countLastingKeys } from '../keys/lasting-keys.ts';
import { resealSigningKeys } from '../keys/reseal.ts';
import { openSealed } from '../keys/sealed-key.ts';
import { listSigningKeys } from '../keys/signing-key.queries.ts';
import { getPlatformSettings, platformConfigFields, prefixOf } from '../platform-settings.ts';
import { explainStartError } from '../start-checks.ts';
import { openOperatorEnvironment } from './operator-environment.ts';
import { openPlatformDatabases } from './platform-databases.ts';

/** Secrets of an installation that are changed one after the other, a key on each line of a file. */
export const changingSecrets = ['pepper', 'user-encryption', 'portal-encryption', 'audit'] as const;
export type ChangingSecret = (typeof changingSecrets)[number];

/** Its variable, and the file of it in SIGNET_HOME. */
export const secretPlaces: Record<ChangingSecret, { variable: string; file: string }> = {
  pepper: { variable: 'PASSWORD_PEPPER', file: 'password-pepper' },
  'user-encryption': { variable: 'USER_KEY_ENCRYPTION_KEY', file: 'user-key-encryption-key' },
  'portal-encryption': { variable: 'PORTAL_KEY_ENCRYPTION_KEY', file: 'portal-key-encryption-key' },
  audit: { variable: 'AUDIT_KEY', file: 'audit-key' },
};

/** By which operators tell keys apart. Nothing of the key follows from it. */
export function secretKeyId(secret: ChangingSecret, key: Uint8Array): string {
  if (secret === 'pepper') return createPepper(key).id;
  if (secret === 'audit') return auditKeyId(key);
  return createHash('sha256').update('signet key-encryption key id').update(key).digest('hex').slice(0, 16);
}

/** What depends on one key of a secret. */
export type KeyUse = {
  id: string;
  place: 'first' | 'further' | 'missing';
  /** Passwords and what else a pepper keeps, seals, or signing keys. */
  uses: number;
};
export type SecretUse = {
  /** What `uses` counts. */
  unit: string;
  /** Those that could be seen from here. A pepper and an audit key belong to both. */
  seen: readonly Platform[];
  keys: readonly KeyUse[];
};

/**
 * What depends on each key of a secret, and on keys that the secret lacks. Reads every account, seal or key.
 *
 * @throws {ConfigError} DatabaseStartError
 */
export async function readSecretUse(env: Environment, secret: ChangingSecret): Promise<SecretUse> {
  if (secret === 'pepper' || secret === 'audit') {
    const variable = secret === 'pepper' ? 'PASSWORD_PEPPER' : 'AUDIT_KEY';
    const { keys, databases, close } = await openPlatformDatabases(env, variable);
    try {
      const uses = new Map<string, number>();
      const add = (id: string, more: number) => uses.set(id, (uses.get(id) ?? 0) + more);
      for (const { platform, db } of databases) {
        const found = secret === 'pepper' ? await countPeppers(db, platform) : await countSeals(db, platform);
        for (const [id, count] of found) add(id, count);
        if (secret === 'pepper') {
          const lasting = await countLastingKeys(db, platform, keys);
          for (const [place, key] of keys.entries()) add(createPepper(key).id, lasting[place] ?? 0);
        }
      }
      const ids = keys.map((key) => secretKeyId(secret, key));
      if (secret === 'pepper') {
        const unnamed = uses.get(unnamedPepper) ?? 0;
        uses.delete(unnamedPepper);
        if (unnamed > 0) for (const id of ids) add(id, unnamed);
      }
      const unit = secret === 'pepper' ? 'passwords, second factors, mails and keys of devices' : 'seals';
      return { unit, seen: databases.map(({ platform }) => platform), keys: listUses(ids, uses) };
    } finally {
      await close();
    }
  }
  const platform = secret === 'user-encryption' ? 'user' : 'portal';
  return withKeySettings(env, platform, async (db, settings) => {
    const ids = settings.keyEncryptionKeys.map((key) => secretKeyId(secret, key));
    const uses = new Map<string, number>();
    for (const row of await listSigningKeys(db, platform)) {
      const id = ids[openSealed(row, settings).keyIndex] as string;
      uses.set(id, (uses.get(id) ?? 0) + 1);
    }
    return { unit: 'signing keys', seen: [platform], keys: listUses(ids, uses) };
  });
}

/**
 * Seals a platform's signing keys under the first key of its key-encryption keys, while auth runs. Returns the kids of those that were
 * under another one.
 *
 * @throws {ConfigError} where a key opens with none of them: nothing is changed then.
 */
export function resealKeys(env: Environment, platform: Platform): Promise<string[]> {
  return withKeySettings(env, platform, resealSigningKeys);
}

type KeySettings = ReturnType<typeof createKeySettings>;

async function withKeySettings<T>(
  env: Environment,
  platform: Platform,
  work: (db: Kysely<Database>, settings: KeySettings) => Promise<T>,
): Promise<T> {
  const environment = await openOperatorEnvironment(env);
  try {
    const config = loadConfig(z.object(platformConfigFields), environment.env);
    const { keys, databaseUrl, lifetimes } = getPlatformSettings(config, platform);
    if (keys.kind === 'pem') {
      throw new ConfigError([
        `${prefixOf(platform)}_PRIVATE_KEY: is set, so this platform's keys lie in files, and none is sealed`,
      ]);
    }
    const db = createDatabase(databaseUrl, { maxConnections: 1, applicationName: 'signet-keys' });
    try {
      return await work(db, createKeySettings(platform, keys, lifetimes));
    } catch (error) {
      throw explainStartError(error, platform, databaseUrl);
    } finally {
      await db.destroy();
    }
  } finally {
    await environment.close();
  }
}

function listUses(ids: readonly string[], uses: ReadonlyMap<string, number>): KeyUse[] {
  const known = ids.map((id, index) => ({
    id,
    place: index === 0 ? ('first' as const) : ('further' as const),
    uses: uses.get(id) ?? 0,
  }));
  const missing = [...uses].filter(([id]) => !ids.includes(id));
  return [...known, ...missing.map(([id, count]) => ({ id, place: 'missing' as const, uses: count }))];
}

/** Seals by the id of their key. Those from before seals had one count for the key `unnamed`. */
async function countSeals(db: Kysely<Database>, platform: Platform): Promise<Map<string, number>> {
  const { rows } = await sql<{ id: string; seals: string }>`
    select coalesce(key_id, 'unnamed') as id, count(*) as seals from auth.audit_seal
    where platform = ${platform} group by 1
  `.execute(db);
  return new Map(rows.map(({ id, seals }) => [id, Number(seals)]));
}

/** Whether both platforms were looked at. */
export function isSeenWhole(secret: ChangingSecret, { seen }: SecretUse): boolean {
  return secret.endsWith('-encryption') || seen.length === platforms.length;
}
