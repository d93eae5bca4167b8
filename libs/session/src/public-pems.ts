import { createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { ImportedKeys, VerificationKey } from './jwks.ts';
import type { KeySource } from './jwks-client.ts';
import { findRsaWeakness } from './rsa-weakness.ts';

/** The fault of a PEM text, for the operator. Never holds a part of the text. */
export class PublicPemError extends Error {
  override readonly name = 'PublicPemError';
}

/** Keys that never change while the process runs. Nothing is fetched. */
export function createStaticKeySource({ keys, jwks }: ImportedKeys): KeySource {
  return {
    findKey: async (kid) => keys.get(kid) ?? 'unknown',
    peekKey: (kid) => keys.get(kid),
    refetch: () => {},
    checkReady: async () => undefined,
    readJwks: async () => jwks,
  };
}

/**
 * Reads a text of one or more public keys (SPKI): Ed25519, P-256, or RSA of at least 2048 bits without a known weakness. The kid of each is its RFC 7638
 * thumbprint, as in auth's tokens.
 *
 * @throws {PublicPemError}
 */
export async function readPublicPems(text: string): Promise<ImportedKeys> {
  const keys = new Map<string, VerificationKey>();
  const published: JWK[] = [];
  for (const pem of listBlocks(text)) {
    const { jwk, ...key } = await readKey(pem);
    if (keys.has(jwk.kid)) continue;
    keys.set(jwk.kid, key);
    published.push(jwk);
  }
  return { keys, jwks: { keys: published } };
}

const blocks = /-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----/g;

function listBlocks(text: string): string[] {
  const found = [...text.matchAll(blocks)];
  // Node would read the public half of a private key. But a private key in this file has been given away.
  if (found.some(([, label]) => label?.endsWith('PRIVATE KEY'))) {
    throw new PublicPemError('holds a private key; a process that only verifies must have none');
  }
  if (found.length === 0 || found.some(([, label]) => label !== 'PUBLIC KEY')) {
    throw new PublicPemError('must hold public keys in PEM form (PUBLIC KEY), and nothing else');
  }
  return found.map(([pem]) => pem);
}

const forms = {
  ed25519: { algorithm: 'EdDSA', import: { name: 'Ed25519' } },
  ec: { algorithm: 'ES256', import: { name: 'ECDSA', namedCurve: 'P-256' } },
  rsa: { algorithm: 'RS256', import: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } },
} as const;

async function readKey(pem: string): Promise<VerificationKey & { jwk: JWK & { kid: string } }> {
  const key = parse(pem);
  const form = forms[key.asymmetricKeyType as keyof typeof forms];
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  if (!form || (namedCurve ?? 'prime256v1') !== 'prime256v1' || (modulusLength ?? 2048) < 2048) {
    throw new PublicPemError('holds a key that is not Ed25519, P-256 or RSA of 2048 bits or more');
  }
  const { algorithm } = form;
  const publicJwk = key.export({ format: 'jwk' }) as JWK;
  const weakness = form === forms.rsa ? findRsaWeakness(publicJwk) : undefined;
  if (weakness !== undefined) throw new PublicPemError(`holds a weak RSA key: ${weakness}`);
  const kid = await calculateJwkThumbprint(publicJwk);
  return {
    key: key.toCryptoKey(form.import, true, ['verify']),
    algorithm,
    thumbprint: kid,
    jwk: { ...publicJwk, kid, use: 'sig', alg: algorithm },
  };
}

function parse(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch {
    throw new PublicPemError('holds a key that can not be read');
  }
}
