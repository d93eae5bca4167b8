import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { PrivateKeyJwk } from './key-files.ts';

/** A public key and who holds it. */
export type PublicKey = { name: string; thumbprint: string; bytes: Uint8Array; keyObject: KeyObject };
export type PrivateKey = PublicKey & { privateKeyObject: KeyObject };

/** RFC 7638 and RFC 8037, appendix A.3: the required members in the order of their names. `x` in base64url. */
export function thumbprintOf(x: string): string {
  return createHash('sha256')
    .update(JSON.stringify({ crv: 'X25519', kty: 'OKP', x }))
    .digest('base64url');
}

export function importPublicKey(name: string, x: string): PublicKey {
  const keyObject = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
  return { name, thumbprint: thumbprintOf(x), bytes: Buffer.from(x, 'base64url'), keyObject };
}

/** The public half is computed, whatever is written beside the private one. */
export function importPrivateKey(name: string, { kty, crv, x, d }: PrivateKeyJwk): PrivateKey {
  const privateKeyObject = createPrivateKey({ key: { kty, crv, x, d }, format: 'jwk' });
  const computed = createPublicKey(privateKeyObject).export({ format: 'jwk' }).x as string;
  return { ...importPublicKey(name, computed), privateKeyObject };
}
