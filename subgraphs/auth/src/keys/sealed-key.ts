import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import type { Kysely } from 'kysely';
import { listSigningKeys, type SigningKeyRow } from './signing-key.queries.ts';
import { importPkcs8, type SigningKey } from './signing-key.ts';

const version = 1;
const ivLength = 12;
const tagLength = 16;

/** Bound to a sealed key as additional data: a row that was moved to another platform or kid does not open. */
export type KeyLabel = { platform: Platform; kid: string; algorithm: string };

/** AES-256-GCM. The result is a version byte, the nonce, the tag, the ciphertext. */
export function sealPrivateKey(pkcs8: Buffer, label: KeyLabel, keyEncryptionKey: Buffer): Buffer {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv('aes-256-gcm', keyEncryptionKey, iv, { authTagLength: tagLength });
  cipher.setAAD(additionalData(label));
  const ciphertext = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
  return Buffer.concat([Buffer.of(version), iv, cipher.getAuthTag(), ciphertext]);
}

/** @throws when the key-encryption key is not the one that sealed it, or label or content were changed. */
export function openPrivateKey(sealed: Buffer, label: KeyLabel, keyEncryptionKey: Buffer): Buffer {
  if (sealed[0] !== version || sealed.length <= 1 + ivLength + tagLength) {
    throw new Error('A sealed signing key is of an unknown form.');
  }
  const iv = sealed.subarray(1, 1 + ivLength);
  const tag = sealed.subarray(1 + ivLength, 1 + ivLength + tagLength);
  const decipher = createDecipheriv('aes-256-gcm', keyEncryptionKey, iv, { authTagLength: tagLength });
  decipher.setAAD(additionalData(label));
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(sealed.subarray(1 + ivLength + tagLength)), decipher.final()]);
}

function additionalData({ platform, kid, algorithm }: KeyLabel): Buffer {
  return Buffer.from(JSON.stringify([platform, kid, algorithm]));
}

/** A key of the database, opened. */
export type StoredKey = { key: SigningKey; row: SigningKeyRow };
export type KeySeal = { platform: Platform; keyEncryptionKey: Buffer };

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

/** The key that signs at this moment. Changes nothing. */
export async function readActiveKey(db: Kysely<Database>, seal: KeySeal): Promise<SigningKey> {
  const rows = await listSigningKeys(db, seal.platform);
  const [active] = await createKeyOpener(seal)(rows.filter(({ state }) => state === 'active'));
  if (!active) {
    throw new Error(`No key signs for the platform '${seal.platform}' yet: start auth once.`);
  }
  return active.key;
}
