import { createHash, randomBytes } from 'node:crypto';

const tokenForm = /^[A-Za-z0-9_-]{43}$/;

/** 256 random bits. Only its hash is stored. */
export function createRefreshToken(): string {
  return randomBytes(32).toString('base64url');
}

/** SHA-256: enough for what is random already. Undefined for a text that no refresh token has. */
export function hashRefreshToken(token: string): Buffer | undefined {
  return tokenForm.test(token) ? createHash('sha256').update(token).digest() : undefined;
}
