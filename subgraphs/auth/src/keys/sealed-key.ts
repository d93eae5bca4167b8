import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Platform } from '@signet/schema/contract';

const version = 1;
const ivLength = 12;
const tagLength = 16;

/** What a sealed key belongs to. Bound to it as additional data: a row moved to another platform or kid does not open. */
export type KeyLabel = { platform: Platform; kid: string; algorithm: string };

/** AES-256-GCM. The result is a version byte, the nonce, the tag, the ciphertext. */
export function sealPrivateKey(pkcs8: Buffer, label: KeyLabel, keyEncryptionKey: Buffer): Buffer {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv('aes-256-gcm', keyEncryptionKey, iv, { authTagLength: tagLength });
  cipher.setAAD(additionalData(label));
  const ciphertext = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
  return Buffer.concat([Buffer.of(version), iv, cipher.getAuthTag(), ciphertext]);
}

/** @throws when the key-encryption key is another, or label or content were changed. */
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
