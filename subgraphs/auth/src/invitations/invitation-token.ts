import { createHash, randomBytes } from 'node:crypto';

const tokenForm = /^[A-Za-z0-9_-]{43}$/;

/** 256 random bits to travel in a mail, and the SHA-256 that is stored. The text is nowhere else: never log it. */
export function createInvitationToken(): { text: string; hash: Buffer } {
  const text = randomBytes(32).toString('base64url');
  return { text, hash: hashOf(text) };
}

/** Undefined for a text that is no such token. */
export function hashInvitationToken(text: string): Buffer | undefined {
  return tokenForm.test(text) ? hashOf(text) : undefined;
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
