import {
  type AuthenticationReason,
  accessTokenType,
  audienceOf,
  clockSkewSeconds,
  issuerOf,
  type Platform,
  platforms,
} from '@signet/schema/contract';
import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type ProtectedHeaderParameters,
} from 'jose';
import { readSession } from './claims.ts';
import type { KeyLookup, KeySource } from './jwks-client.ts';
import type { Session } from './session.ts';

/** What became of a token: who it is, why not, or that nobody can tell right now. */
export type Verification =
  | { kind: 'session'; session: Exclude<Session, { platform: 'none' }> }
  | { kind: 'refused'; reason: AuthenticationReason }
  | { kind: 'unavailable' };

/** An issuer that this verifier accepts. Keys, audience and platform belong to it, never to the token. */
export type TrustedIssuer = { issuer: string; audience: string; platform: Platform; keys: KeySource };

export type Verifier = { verify(token: string): Promise<Verification>; issuers: readonly TrustedIssuer[] };

/** The issuers of a Signet deployment for the platforms that a process admits. */
export function trustedIssuers(
  issuerUrl: string,
  keys: Partial<Readonly<Record<Platform, KeySource>>>,
): readonly TrustedIssuer[] {
  return platforms.flatMap((platform) => {
    const source = keys[platform];
    return source
      ? [{ issuer: issuerOf(issuerUrl, platform), audience: audienceOf(platform), platform, keys: source }]
      : [];
  });
}

const maxTokenLength = 8192;
const kidForm = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * Verifies access tokens (RFC 9068) of the given issuers. The checks run in the order of this list and each has a reason
 * of its own: form, issuer, type, critical headers, key, algorithm (the key's, never the header's), signature, audience,
 * times, claim types, platform.
 */
export function createVerifier(
  issuers: readonly TrustedIssuer[],
  now: () => Date = () => new Date(),
): Verifier {
  const byIssuer = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
  return {
    issuers,
    async verify(token) {
      const parsed = parseToken(token);
      if (!parsed) return refused('malformed');
      const trusted = typeof parsed.claims.iss === 'string' ? byIssuer.get(parsed.claims.iss) : undefined;
      if (!trusted) return refused('issuer_mismatch');
      if (!isAccessTokenType(parsed.header.typ)) return refused('wrong_type');
      if (parsed.header.crit !== undefined || parsed.header.b64 !== undefined) return refused('malformed'); // RFC 7515, 4.1.11
      const { kid } = parsed.header;
      if (typeof kid !== 'string' || !kidForm.test(kid)) return refused('unknown_key');
      const found = await findKey(trusted.keys, kid);
      if (found === 'unavailable') return { kind: 'unavailable' };
      if (found === 'unknown') return refused('unknown_key');
      if (!isAlgorithmOf(found.algorithm, parsed.header.alg)) return refused('invalid_signature'); // RFC 8725, 3.1
      try {
        const { payload } = await jwtVerify(token, found.key, {
          algorithms: [found.algorithm, ...(found.algorithm === 'EdDSA' ? ['Ed25519'] : [])],
          issuer: trusted.issuer,
          audience: trusted.audience,
          clockTolerance: clockSkewSeconds,
          currentDate: now(),
        });
        return judgeClaims(payload, trusted, now());
      } catch (error) {
        return refused(reasonOf(error));
      }
    },
  };
}

/** A key source that fails is an outage, and no fault of the token's. */
async function findKey(keys: KeySource, kid: string): Promise<KeyLookup> {
  try {
    return await keys.findKey(kid);
  } catch {
    return 'unavailable';
  }
}

function parseToken(token: string): { header: ProtectedHeaderParameters; claims: JWTPayload } | undefined {
  const [, signature] = (token.length <= maxTokenLength && /^[\w-]+\.[\w-]+\.([\w-]+)$/.exec(token)) || [];
  // The last character of a signature has bits that no byte takes: other bits there would make another token of it.
  if (!signature || Buffer.from(signature, 'base64url').toString('base64url') !== signature) {
    return undefined;
  }
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    return undefined;
  }
}

/** RFC 9068, section 4: `at+jwt`, with or without the media type's prefix, in any case. */
function isAccessTokenType(typ: unknown): boolean {
  return typeof typ === 'string' && typ.toLowerCase().replace(/^application\//, '') === accessTokenType;
}

/** RFC 9864 names Ed25519 apart from EdDSA; both mean the same for such a key. */
function isAlgorithmOf(keyAlgorithm: string, headerAlgorithm: unknown): boolean {
  return headerAlgorithm === keyAlgorithm || (keyAlgorithm === 'EdDSA' && headerAlgorithm === 'Ed25519');
}

function judgeClaims(payload: JWTPayload, trusted: TrustedIssuer, now: Date): Verification {
  // jose takes a list that holds the audience, too. No issuer of ours writes one.
  if (payload.aud !== trusted.audience) return refused('audience_mismatch');
  if (typeof payload.iat === 'number' && payload.iat > now.getTime() / 1000 + clockSkewSeconds) {
    return refused('not_yet_valid');
  }
  const session = readSession(payload, trusted.platform);
  if (session === 'malformed') return refused('malformed');
  if (session === 'platform_mismatch') return refused('issuer_mismatch');
  return { kind: 'session', session };
}

function reasonOf(error: unknown): ShortReason {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'invalid_signature';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'audience_mismatch';
    if (error.claim === 'iss') return 'issuer_mismatch';
    if (error.claim === 'nbf' && error.reason === 'check_failed') return 'not_yet_valid';
    return 'malformed';
  }
  // What is no error of jose's own comes from the cryptography below: a signature that it can't even read.
  return error instanceof errors.JOSEError ? 'malformed' : 'invalid_signature';
}

type ShortReason = AuthenticationReason extends infer R
  ? R extends `auth.failure.${infer Short}`
    ? Short
    : never
  : never;

function refused(reason: ShortReason): Verification {
  return { kind: 'refused', reason: `auth.failure.${reason}` };
}
