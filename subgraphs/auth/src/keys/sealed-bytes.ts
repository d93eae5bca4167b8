import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const version = 1;
const ivLength = 12;
const tagLength = 16;

/** What a seal held, and the place in the list of the key that opened it: beyond 0 it is to be sealed anew. */
export type Opened = { content: Buffer; keyIndex: number };

/**
 * AES-256-GCM. The result is a version byte, the nonce, the tag, the ciphertext.
 *
 * @param additionalData what the result is bound to: without the same it does not open.
 * @param key 32 bytes.
 */
export function sealBytes(content: Uint8Array, additionalData: Uint8Array, key: Uint8Array): Buffer {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength });
  cipher.setAAD(additionalData);
  const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);
  return Buffer.concat([Buffer.of(version), iv, cipher.getAuthTag(), ciphertext]);
}

/** Undefined where none of the keys sealed it, or anything of it or of its additional data was changed. */
export function openBytes(
  sealed: Uint8Array,
  additionalData: Uint8Array,
  keys: readonly Uint8Array[],
): Opened | undefined {
  if (sealed[0] !== version || sealed.length <= 1 + ivLength + tagLength) return undefined;
  for (const [keyIndex, key] of keys.entries()) {
    const content = tryOpen(sealed, additionalData, key);
    if (content) return { content, keyIndex };
  }
  return undefined;
}

function tryOpen(sealed: Uint8Array, additionalData: Uint8Array, key: Uint8Array): Buffer | undefined {
  const iv = sealed.subarray(1, 1 + ivLength);
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength });
  decipher.setAAD(additionalData);
  decipher.setAuthTag(sealed.subarray(1 + ivLength, 1 + ivLength + tagLength));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(1 + ivLength + tagLength)), decipher.final()]);
  } catch {
    return undefined;
  }
}
