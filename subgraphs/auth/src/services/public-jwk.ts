import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { SigningAlgorithm } from '@signet/schema/contract';
import { findRsaWeakness } from '@signet/session';
import { calculateJwkThumbprint, type JWK } from 'jose';

/** A key of a client: it is used with one algorithm only (RFC 8725, section 3.1). */
export type ClientKey = { key: KeyObject; algorithm: SigningAlgorithm };

/** `jwk`: its public members alone. `kid`: RFC 7638. */
export type RegisteredKey = { kid: string; jwk: JWK };

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const minRsaModulusBits = 2048; // RFC 7518, section 3.3
const maxRsaModulusBits = 8192;

/**
 * Reads the public JWK (RFC 7517) that somebody registers.
 *
 * @returns what is wrong with it, for whoever sent it, in place of the key.
 */
export async function readRegisteredKey(
  input: Readonly<Record<string, unknown>>,
): Promise<RegisteredKey | string> {
  if (privateMembers.some((name) => input[name] !== undefined)) {
    return 'This key is private or secret. Consider it lost, make another one, and send its public half.';
  }
  const { use, key_ops: operations, alg } = input;
  const algorithm = algorithmOf(input as JsonWebKey);
  if (!algorithm) return 'The key must be Ed25519 (OKP), P-256 (EC) or RSA.';
  if (alg !== undefined && alg !== algorithm && !(alg === 'Ed25519' && algorithm === 'EdDSA')) {
    return `A key of this type is used with ${algorithm}.`;
  }
  const isForSignatures =
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('verify')));
  if (!isForSignatures) return 'The key must be for signatures: use "sig", key_ops with "verify".';
  let key: KeyObject;
  try {
    key = importKey(input as JsonWebKey);
  } catch {
    return 'The key cannot be read: a member of the JWK is missing or malformed.';
  }
  const { modulusLength } = key.asymmetricKeyDetails ?? {};
  if (
    modulusLength !== undefined &&
    (modulusLength < minRsaModulusBits || modulusLength > maxRsaModulusBits)
  ) {
    return `An RSA key must have ${minRsaModulusBits} to ${maxRsaModulusBits} bits.`;
  }
  // Written anew: no spare member and no second spelling of a number stays.
  const jwk = key.export({ format: 'jwk' });
  const weakness = algorithm === 'RS256' ? findRsaWeakness(jwk) : undefined;
  if (weakness !== undefined) return `The key is weak: ${weakness}.`;
  return { kid: await calculateJwkThumbprint(jwk as JWK), jwk: jwk as JWK };
}

/** A key that `readRegisteredKey` accepted. */
export function importRegisteredKey(jwk: JsonWebKey): ClientKey {
  const algorithm = algorithmOf(jwk);
  if (!algorithm) throw new TypeError('a registered key has no algorithm');
  return { key: importKey(jwk), algorithm };
}

function importKey(jwk: JsonWebKey): KeyObject {
  return createPublicKey({ key: jwk, format: 'jwk' });
}

function algorithmOf({ kty, crv }: JsonWebKey): SigningAlgorithm | undefined {
  if (kty === 'OKP' && crv === 'Ed25519') return 'EdDSA';
  if (kty === 'EC' && crv === 'P-256') return 'ES256';
  return kty === 'RSA' ? 'RS256' : undefined;
}
