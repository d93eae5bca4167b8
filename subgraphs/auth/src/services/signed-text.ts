import { type KeyObject, sign, verify } from 'node:crypto';
import type { SigningAlgorithm } from '@signet/schema/contract';

/*
 * JWS in its compact form (RFC 7515, section 7.1) without jose, for the token endpoint: with Web Crypto, each signature and each check
 * takes a turn of the thread pool, and the two cost twice as much CPU (bench/oauth.ts).
 */

/** A token taken apart. Nothing of it is verified. */
export type SignedText = {
  header: Readonly<Record<string, unknown>>;
  claims: Readonly<Record<string, unknown>>;
  /** What was signed. */
  signed: Buffer;
  signature: Buffer;
};

/** Undefined for what is no JWT in the compact form, or has a signature that could be written in another way. */
export function readSignedText(text: string, maxLength: number): SignedText | undefined {
  if (text.length > maxLength) return undefined;
  const [, head, header = '', claims = '', last = ''] = /^(([\w-]+)\.([\w-]+))\.([\w-]+)$/.exec(text) ?? [];
  if (head === undefined) return undefined;
  const signature = Buffer.from(last, 'base64url');
  if (signature.toString('base64url') !== last) return undefined;
  const read = [readObject(header), readObject(claims)] as const;
  if (!read[0] || !read[1]) return undefined;
  return { header: read[0], claims: read[1], signed: Buffer.from(head), signature };
}

function readObject(base64url: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, 'base64url').toString());
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 7518, sections 3.3 and 3.4, and RFC 8037, section 3.1. */
export function isSignedBy(
  { signed, signature }: Pick<SignedText, 'signed' | 'signature'>,
  key: KeyObject,
  algorithm: SigningAlgorithm,
): boolean {
  try {
    switch (algorithm) {
      case 'EdDSA':
        return verify(null, signed, key, signature);
      case 'ES256':
        return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
      case 'RS256':
        return verify('sha256', signed, key, signature);
    }
  } catch {
    return false;
  }
}

/** Signs a text: at once, but for RSA, which takes ten times as long and goes to a thread. */
export function signText(
  text: string,
  key: KeyObject,
  algorithm: SigningAlgorithm,
): Buffer | Promise<Buffer> {
  const bytes = Buffer.from(text);
  switch (algorithm) {
    case 'EdDSA':
      return sign(null, bytes, key);
    case 'ES256':
      return sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' });
    case 'RS256':
      return new Promise((resolve, reject) => {
        sign('sha256', bytes, key, (error, signature) => (error ? reject(error) : resolve(signature)));
      });
  }
}
