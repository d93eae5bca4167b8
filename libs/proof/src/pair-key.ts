import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import type { PrivateKeyJwk } from './key-files.ts';
import { type ComputeMac, createMac } from './mac.ts';

const keyBytes = 32;

/**
 * Computes MACs under the key of one sender and one recipient; `own` is one of the two. The names in the info make the keys of the two directions
 * differ; the public keys as salt bind the key to this pair.
 *
 * @throws {Error} if the other's public key is of low order: everybody knows the resulting secret (RFC 7748, section 6.1).
 */
export function derivePairMac(own: PrivateKey, { from, to }: { from: PublicKey; to: PublicKey }): ComputeMac {
  const other = own === from ? to : from;
  const secret = diffieHellman({ privateKey: own.privateKeyObject, publicKey: other.keyObject });
  if (secret.every((byte) => byte === 0)) {
    throw new RangeError('The public key is of low order.');
  }
  const salt = Buffer.concat([from.bytes, to.bytes]);
  const info = `signet-proof/1|${from.name}|${to.name}`;
  return createMac(new Uint8Array(hkdfSync('sha256', secret, salt, info, keyBytes))); // RFC 5869
}

/** Names the keys of both sides: if either has two, the recipient finds the pair without trying. */
export function keyIdOf({ from, to }: { from: PublicKey; to: PublicKey }): string {
  return `${from.thumbprint}.${to.thumbprint}`;
}

/** A public key and who holds it. */
export type PublicKey = { name: string; thumbprint: string; bytes: Uint8Array; keyObject: KeyObject };
export type PrivateKey = PublicKey & { privateKeyObject: KeyObject };

/**
 * RFC 7638 and RFC 8037, appendix A.3: the required members in the order of their names. `x` is base64url. Not jose's function:
 * that one is asynchronous, and a keyring is replaced in one step.
 */
export function thumbprintOf(x: string): string {
  return createHash('sha256')
    .update(JSON.stringify({ crv: 'X25519', kty: 'OKP', x }))
    .digest('base64url');
}

export function importPublicKey(name: string, x: string): PublicKey {
  const keyObject = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
  return { name, thumbprint: thumbprintOf(x), bytes: Buffer.from(x, 'base64url'), keyObject };
}

/** Computes the public half; the one in the file is not trusted. */
export function importPrivateKey(name: string, { kty, crv, x, d }: PrivateKeyJwk): PrivateKey {
  const privateKeyObject = createPrivateKey({ key: { kty, crv, x, d }, format: 'jwk' });
  const computed = createPublicKey(privateKeyObject).export({ format: 'jwk' }).x as string;
  return { ...importPublicKey(name, computed), privateKeyObject };
}
