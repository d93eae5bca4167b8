import type { Platform } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import { openPrivateKey } from './sealed-key.ts';
import type { SigningKeyRow } from './signing-key.queries.ts';
import { importPkcs8, type SigningKey } from './signing-key.ts';

/** A key as it lies in the database, opened. */
export type StoredKey = { key: SigningKey; row: SigningKeyRow };
export type KeySeal = { platform: Platform; keyEncryptionKey: Buffer };

/**
 * Opens the keys that were read, each once: what is read again every few seconds is the same most of the time.
 *
 * @throws {ConfigError} when the key-encryption key does not open what is stored.
 */
export function createKeyOpener(seal: KeySeal): (rows: readonly SigningKeyRow[]) => Promise<StoredKey[]> {
  let opened = new Map<string, SigningKey>();
  return async (rows) => {
    const keys = await Promise.all(
      rows.map(async (row) => ({ row, key: opened.get(row.kid) ?? (await openKey(row, seal)) })),
    );
    opened = new Map(keys.map(({ key }) => [key.kid, key]));
    return keys;
  };
}

async function openKey(row: SigningKeyRow, seal: KeySeal): Promise<SigningKey> {
  const key = await importPkcs8(openSealed(row, seal), row.algorithm);
  if (key.kid !== row.kid) {
    throw new Error(`The signing key stored as ${row.kid} is another one (${key.kid}).`);
  }
  return key;
}

function openSealed(row: SigningKeyRow, { platform, keyEncryptionKey }: KeySeal): Buffer {
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
