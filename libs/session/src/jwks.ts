import { createHash } from 'node:crypto';
import { type CryptoKey, importJWK, type JWK } from 'jose';
import { findRsaWeakness } from './rsa-weakness.ts';

/** `thumbprint`: RFC 7638. It says which key it is, whatever `kid` a key set gives it. */
export type VerificationKey = { key: CryptoKey; algorithm: string; thumbprint: string };

/** `jwks` holds the public members of the same keys. */
export type ImportedKeys = { keys: ReadonlyMap<string, VerificationKey>; jwks: { keys: JWK[] } };

const publicMembers = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'use', 'alg'] as const;
/** Asymmetric algorithms of RFC 7518, section 3.1, and RFC 8037. A MAC has no public key that an issuer could publish. */
export const algorithmNames = [
  'EdDSA',
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
] as const;
export type AlgorithmName = (typeof algorithmNames)[number];

const algorithmsByKeyType: ReadonlyMap<string, readonly AlgorithmName[]> = new Map([
  ['OKP:Ed25519', ['EdDSA']],
  ['EC:P-256', ['ES256']],
  ['EC:P-384', ['ES384']],
  ['EC:P-521', ['ES512']],
  ['RSA:', ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
]);
/** What our own issuers sign with. */
const usualAlgorithms: readonly AlgorithmName[] = ['EdDSA', 'ES256', 'RS256'];
const minRsaModulusBits = 2048; // RFC 7518, section 3.3

/**
 * The public signature keys of a JWKS. Skips a key that has no kid, is private, has another use, type or algorithm, or can't be
 * read: one bad key must not disable the others.
 *
 * @param algorithms those that are accepted. A key is used with one of them only: its `alg`, or the only one that fits its type.
 * @throws {Error} for a document without a usable key.
 */
export async function importKeys(
  document: unknown,
  algorithms: readonly AlgorithmName[] = usualAlgorithms,
): Promise<ImportedKeys> {
  const keys = new Map<string, VerificationKey>();
  const published: JWK[] = [];
  for (const jwk of listKeys(document)) {
    const algorithm = findAlgorithm(jwk, algorithms);
    if (algorithm && typeof jwk.kid === 'string' && isForSignatures(jwk) && !isPrivate(jwk)) {
      const publicJwk = pickPublic(jwk);
      const key = await importPublicKey(publicJwk, algorithm);
      if (key) {
        keys.set(jwk.kid, { key, algorithm, thumbprint: thumbprintOf(publicJwk) });
        published.push(publicJwk);
      }
    }
  }
  if (keys.size === 0) {
    throw new Error('JWKS holds no usable key');
  }
  return { keys, jwks: { keys: published } };
}

function listKeys(document: unknown): JWK[] {
  const keys = (document as { keys?: unknown } | null)?.keys;
  return Array.isArray(keys) ? keys.filter((key) => typeof key === 'object' && key !== null) : [];
}

/** The one algorithm of a key (RFC 8725, section 3.1); undefined for none, and where it could be one of several. */
function findAlgorithm(
  { kty, crv, alg }: JWK,
  accepted: readonly AlgorithmName[],
): AlgorithmName | undefined {
  const name = alg === 'Ed25519' ? 'EdDSA' : alg;
  const [only, another] = (algorithmsByKeyType.get(`${kty}:${crv ?? ''}`) ?? []).filter(
    (algorithm) => accepted.includes(algorithm) && (name === undefined || name === algorithm),
  );
  return another === undefined ? only : undefined;
}

/** RFC 7517, sections 4.2 and 4.3. */
function isForSignatures({ use, key_ops }: JWK): boolean {
  return (
    (use === undefined || use === 'sig') &&
    (key_ops === undefined || (Array.isArray(key_ops) && key_ops.includes('verify')))
  );
}

/** A private key that is published is no longer secret. */
function isPrivate(jwk: JWK): boolean {
  return jwk.d !== undefined || jwk.k !== undefined || jwk.p !== undefined || jwk.q !== undefined;
}

function pickPublic(jwk: JWK): JWK {
  return Object.fromEntries(
    publicMembers.flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]]])),
  ) as JWK;
}

/**
 * RFC 7638 of a key that was imported. Its numbers are written anew first, so that a spare zero in front of one does not make it another key.
 */
function thumbprintOf({ kty, crv, x, y, n = '', e = '' }: JWK): string {
  const members =
    kty === 'RSA'
      ? { e: rewriteInteger(e), kty, n: rewriteInteger(n) }
      : { crv, kty, x: rewrite(x), y: rewrite(y) };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

function rewrite(base64url: string | undefined): string | undefined {
  return base64url && Buffer.from(base64url, 'base64url').toString('base64url');
}

function rewriteInteger(base64url: string): string {
  const hex = Buffer.from(base64url, 'base64url')
    .toString('hex')
    .replace(/^(00)+/, '');
  return Buffer.from(hex, 'hex').toString('base64url');
}

async function importPublicKey(jwk: JWK, algorithm: string): Promise<CryptoKey | undefined> {
  try {
    const key = (await importJWK({ ...jwk, alg: algorithm }, algorithm)) as CryptoKey;
    const { modulusLength } = key.algorithm as { modulusLength?: number };
    if (modulusLength === undefined) return key;
    return modulusLength < minRsaModulusBits || findRsaWeakness(jwk) !== undefined ? undefined : key;
  } catch {
    return undefined;
  }
}
