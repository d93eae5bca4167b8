import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/**
 * A session exchanges its refresh token once in this time at most. Sooner, the same token is the answer: tabs that share a cookie race,
 * and no client notices (docs/decisions/0007-refresh-in-browsers.md).
 */
export const exchangeIntervalSeconds = 60;

const tokenForm = /^[A-Za-z0-9_-]{43}$/;
const familyLength = 16;
const secretLength = 16;
const sealPurpose = 'signet-refresh-successor/1';
const ivLength = 12;
const tagLength = 16;

/** What is stored of a refresh token, and what finds its session. */
export type TokenIdentity = {
  /** SHA-256 of the token: enough for random bits. */
  hash: Buffer;
  /** SHA-256 of its first half, which all tokens of a family share. */
  familyHash: Buffer;
};

/**
 * 256 random bits: 128 of the family, 128 of the token alone. Only hashes are stored.
 *
 * @param predecessor of whose family it is to be; without one, it begins a family.
 */
export function createRefreshToken(predecessor?: string): string {
  const family = predecessor === undefined ? randomBytes(familyLength) : familyOf(predecessor);
  return Buffer.concat([family, randomBytes(secretLength)]).toString('base64url');
}

/** Undefined for a text that can be no refresh token. */
export function identifyToken(token: string): TokenIdentity | undefined {
  if (!tokenForm.test(token)) return undefined;
  return { hash: sha256(token), familyHash: sha256(familyOf(token)) };
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

function familyOf(token: string): Buffer {
  return Buffer.from(token, 'base64url').subarray(0, familyLength);
}

function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}
