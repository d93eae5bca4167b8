import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const purpose = 'signet-refresh-successor/1';
const ivLength = 12;
const tagLength = 16;

/**
 * Seals a refresh token so that only its predecessor opens it: AES-256-GCM under HKDF-SHA-256 (RFC 5869) of the
 * predecessor's 256 random bits. Its stored SHA-256 gives nothing of that key. The result is nonce, tag, ciphertext.
 */
export function sealSuccessor(successor: string, predecessor: string): Buffer {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv('aes-256-gcm', deriveKey(predecessor), iv, { authTagLength: tagLength });
  const ciphertext = Buffer.concat([cipher.update(successor, 'base64url'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]);
}

/** @throws when it was sealed under another predecessor, or changed. */
export function openSuccessor(sealed: Buffer, predecessor: string): string {
  const iv = sealed.subarray(0, ivLength);
  const decipher = createDecipheriv('aes-256-gcm', deriveKey(predecessor), iv, { authTagLength: tagLength });
  decipher.setAuthTag(sealed.subarray(ivLength, ivLength + tagLength));
  const opened = Buffer.concat([decipher.update(sealed.subarray(ivLength + tagLength)), decipher.final()]);
  return opened.toString('base64url');
}

function deriveKey(predecessor: string): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.from(predecessor, 'base64url'), '', purpose, 32));
}
