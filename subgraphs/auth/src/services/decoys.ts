import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { SigningAlgorithm } from '@signet/schema/contract';
import type { ServiceCredential } from './service-accounts.ts';

/** What stands in for the credentials of a client that does not exist, so that its refusal costs the same. */
export type Decoys = {
  /** A key by which nothing is signed. */
  keyOf(algorithm: SigningAlgorithm): KeyObject;
  secret: ServiceCredential;
};

export function createDecoys(): Decoys {
  const keys: Readonly<Record<SigningAlgorithm, KeyObject>> = {
    EdDSA: generateKeyPairSync('ed25519').publicKey,
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
    RS256: createRsaDecoy(),
  };
  return {
    keyOf: (algorithm) => keys[algorithm],
    secret: { id: '', sid: '', kind: 'secret', hash: randomBytes(32) },
  };
}

/** To make a pair of primes takes a tenth of a second, and checking a signature does not ask for the factors. */
function createRsaDecoy(): KeyObject {
  const modulus = randomBytes(256);
  modulus[0] = (modulus[0] ?? 0) | 0x80;
  modulus[255] = (modulus[255] ?? 0) | 1;
  return createPublicKey({
    key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' },
    format: 'jwk',
  });
}
