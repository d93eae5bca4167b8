import type { Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { ConfigError, type KeyList } from '@signet/service';
import type { Kysely } from 'kysely';
import { type Opened, openBytes, sealBytes } from './sealed-bytes.ts';
import { listSigningKeys, type SigningKeyRow } from './signing-key.queries.ts';
import { importPkcs8, type SigningKey } from './signing-key.ts';

/** Bound to a sealed key as additional data: a row that was moved to another platform or kid does not open. */
export type KeyLabel = { platform: Platform; kid: string; algorithm: string };

export function sealPrivateKey(pkcs8: Buffer, label: KeyLabel, keyEncryptionKey: Buffer): Buffer {
  return sealBytes(pkcs8, additionalData(label), keyEncryptionKey);
}

/** Undefined where none of the key-encryption keys sealed it, or label or content were changed. */
export function openPrivateKey(
  sealed: Buffer,
  label: KeyLabel,
  keyEncryptionKeys: readonly Buffer[],
): Opened | undefined {
  return openBytes(sealed, additionalData(label), keyEncryptionKeys);
}

function additionalData({ platform, kid, algorithm }: KeyLabel): Buffer {
  return Buffer.from(JSON.stringify([platform, kid, algorithm]));
}

/** A key of the database, opened. */
export type StoredKey = { key: SigningKey; row: SigningKeyRow };
/** The first key seals, all open. */
export type KeySeal = { platform: Platform; keyEncryptionKeys: KeyList };

/**
 * Opens the keys that were read, each once: rows are read again every few seconds and are mostly the same.
 *
 * @throws {ConfigError} when the key-encryption key does not open a stored key.
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
  const key = await importPkcs8(openSealed(row, seal).content, row.algorithm);
  if (key.kid !== row.kid) {
    throw new Error(`The signing key stored as ${row.kid} is another one (${key.kid}).`);
  }
  return key;
}

/** @throws {ConfigError} when none of the key-encryption keys opens it. */
export function openSealed(row: SigningKeyRow, { platform, keyEncryptionKeys }: KeySeal): Opened {
  const label = { platform, kid: row.kid, algorithm: row.algorithm };
  const opened = openPrivateKey(row.sealed_private_key, label, keyEncryptionKeys);
  if (opened) return opened;
  throw new ConfigError([
    `${platform.toUpperCase()}_KEY_ENCRYPTION_KEY: does not open signing key ${row.kid} in the database; set the one that sealed it`,
  ]);
}

/** The key that signs at this moment. Changes nothing. */
export async function readActiveKey(db: Kysely<Database>, seal: KeySeal): Promise<SigningKey> {
  const rows = await listSigningKeys(db, seal.platform);
  const [active] = await createKeyOpener(seal)(rows.filter(({ state }) => state === 'active'));
  if (!active) {
    throw new Error(`No key signs for the platform '${seal.platform}' yet: start auth once.`);
  }
  return active.key;
}
