import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { SigningAlgorithm } from '@signet/schema/contract';
import { calculateJwkThumbprint, type JWK } from 'jose';

/** A key pair that signs access tokens. `publicJwk` is its entry in the JWKS. */
export type SigningKey = {
  /** RFC 7638 thumbprint. */
  kid: string;
  algorithm: SigningAlgorithm;
  privateKey: KeyObject;
  publicJwk: JWK;
};

/** The parts of a key that verifying needs. */
export type PublicKey = Omit<SigningKey, 'privateKey'>;

const generate = promisify(generateKeyPair);

/** A fresh key pair: Ed25519, P-256, or RSA with 2048 bits. */
export async function generateSigningKey(algorithm: SigningAlgorithm): Promise<SigningKey> {
  switch (algorithm) {
    case 'EdDSA':
      return describePrivateKey((await generate('ed25519')).privateKey, algorithm);
    case 'ES256':
      return describePrivateKey((await generate('ec', { namedCurve: 'P-256' })).privateKey, algorithm);
    case 'RS256':
      return describePrivateKey((await generate('rsa', { modulusLength: 2048 })).privateKey, algorithm);
  }
}

export function exportPkcs8(key: SigningKey): Buffer {
  return key.privateKey.export({ format: 'der', type: 'pkcs8' });
}

export async function importPkcs8(pkcs8: Buffer, algorithm: SigningAlgorithm): Promise<SigningKey> {
  return describePrivateKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }), algorithm);
}

/** The public half is computed from the private key: no column can claim another one for it. */
export async function describePrivateKey(
  privateKey: KeyObject,
  algorithm: SigningAlgorithm,
): Promise<SigningKey> {
  return { ...(await describePublicKey(createPublicKey(privateKey), algorithm)), privateKey };
}

export async function describePublicKey(
  publicKey: KeyObject,
  algorithm: SigningAlgorithm,
): Promise<PublicKey> {
  const jwk = publicKey.export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, algorithm, publicJwk: { ...jwk, kid, alg: algorithm, use: 'sig' } };
}
