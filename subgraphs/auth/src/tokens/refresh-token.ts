import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** For this long a used token gives its unused successor again: tabs race, and answers get lost. */
export const refreshGraceSeconds = 60;

const tokenForm = /^[A-Za-z0-9_-]{43}$/;
const sealPurpose = 'signet-refresh-successor/1';
const ivLength = 12;
const tagLength = 16;

/** 256 random bits. Only the hash is stored. */
export function createRefreshToken(): string {
  return randomBytes(32).toString('base64url');
}

/** SHA-256: enough for random bits. Undefined for a text that can be no refresh token. */
export function hashRefreshToken(token: string): Buffer | undefined {
  return tokenForm.test(token) ? createHash('sha256').update(token).digest() : undefined;
}

/**
 * Seals a refresh token so that only its predecessor opens it: AES-256-GCM under HKDF-SHA-256 (RFC 5869) of the
 * predecessor's 256 random bits. The stored SHA-256 of the predecessor reveals nothing of that key. The result is nonce,
 * tag, ciphertext.
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
  return Buffer.from(hkdfSync('sha256', Buffer.from(predecessor, 'base64url'), '', sealPurpose, 32));
}
