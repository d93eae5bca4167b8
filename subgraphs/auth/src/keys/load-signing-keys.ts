import type { Database } from '@signet/db';
import type { Platform, SigningAlgorithm } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import type { Kysely } from 'kysely';
import { openPrivateKey, sealPrivateKey } from './sealed-key.ts';
import {
  insertFirstKey,
  listSigningKeys,
  lockSigningKeys,
  type SigningKeyRow,
} from './signing-key.queries.ts';
import { exportPkcs8, generateSigningKey, importPkcs8, type SigningKey } from './signing-key.ts';

export type LoadedKeys = {
  /** Signs. */
  active: SigningKey;
  /** All whose tokens verifiers must accept, the active one among them. */
  published: readonly SigningKey[];
};

type LoadOptions = { platform: Platform; signingAlgorithm: SigningAlgorithm; keyEncryptionKey: Buffer };

/**
 * Reads the platform's keys; makes the first one where there is none. Replicas that start at once make one between them.
 *
 * @throws {ConfigError} when the key-encryption key does not open what is stored.
 */
export function loadSigningKeys(db: Kysely<Database>, options: LoadOptions): Promise<LoadedKeys> {
  const { platform, signingAlgorithm: algorithm, keyEncryptionKey } = options;
  return db.transaction().execute(async (trx) => {
    await lockSigningKeys(trx, platform);
    const rows = await listSigningKeys(trx, platform);
    const published = await Promise.all(rows.map((row) => openKey(row, options)));
    const active = published.find((_key, index) => rows[index]?.state === 'active');
    if (active) {
      return { active, published };
    }
    const first = await generateSigningKey(algorithm);
    const label = { platform, kid: first.kid, algorithm };
    const sealed = sealPrivateKey(exportPkcs8(first), label, keyEncryptionKey);
    await insertFirstKey(trx, { ...label, sealed_private_key: sealed });
    return { active: first, published: [...published, first] };
  });
}

async function openKey(row: SigningKeyRow, { platform, keyEncryptionKey }: LoadOptions): Promise<SigningKey> {
  const pkcs8 = openSealed(row, platform, keyEncryptionKey);
  const key = await importPkcs8(pkcs8, row.algorithm);
  if (key.kid !== row.kid) {
    throw new Error(`The signing key stored as ${row.kid} is another one (${key.kid}).`);
  }
  return key;
}

function openSealed(row: SigningKeyRow, platform: Platform, keyEncryptionKey: Buffer): Buffer {
  try {
    return openPrivateKey(
      row.sealed_private_key,
      { platform, kid: row.kid, algorithm: row.algorithm },
      keyEncryptionKey,
    );
  } catch {
    throw new ConfigError([
      `${platform.toUpperCase()}_KEY_ENCRYPTION_KEY: does not open signing key ${row.kid} in the database; set the one that sealed it`,
    ]);
  }
}
