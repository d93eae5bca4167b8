import {
  type AuthenticationReason,
  accessTokenType,
  type Check,
  clockSkewSeconds,
} from '@signet/schema/contract';
import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type ProtectedHeaderParameters,
} from 'jose';
import { isAddressed, isForeignTokenType, readForeignSession } from './issuers/foreign-token.ts';
import { hasOneMeaning } from './json-meaning.ts';
import type { VerificationKey } from './jwks.ts';
import type { KeyLookup, KeySource } from './jwks-client.ts';
import { readSession } from './read-session.ts';
import type { KnownSession } from './session.ts';
import type { TrustedIssuer } from './trusted-issuers.ts';

/** A token that passed every check but the last, which is repeated at each use: that neither key nor session is revoked. */
export type CheckedToken = {
  kind: 'checked';
  session: KnownSession;
  trusted: TrustedIssuer;
  kid: string;
  key: VerificationKey;
};

/** `trusted`: the issuer that the token names, where it is one that is trusted. Nothing else of the token is believed. */
export type Refused = {
  kind: 'refused';
  reason: AuthenticationReason;
  /** The check that refuses, where another one has the same reason. */
  check?: Check;
  trusted?: TrustedIssuer;
};
export type Unavailable = { kind: 'unavailable'; check?: Check; trusted?: TrustedIssuer };

const maxTokenLength = 8192;
const kidForm = /^[A-Za-z0-9_-]{1,128}$/;
/** Other issuers also write base64 (Cognito), and texts with dots and colons. */
const foreignKidForm = /^[A-Za-z0-9_.:+/=-]{1,128}$/;

/**
 * Checks an access token (RFC 9068) in this order, each check with its own reason: form, issuer, type, critical headers, key,
 * algorithm (the key's, never the header's), signature, audience, times, claim types, platform.
 */
export async function checkToken(
  token: string,
  issuers: ReadonlyMap<string, readonly TrustedIssuer[]>,
  now: Date,
): Promise<CheckedToken | Refused | Unavailable> {
  const parsed = parseToken(token);
  if (!parsed) return refused('malformed');
  const trusted = findIssuer(parsed.claims, issuers);
  if (!trusted) return refused('issuer_mismatch');
  const checked = await checkNamed(token, parsed, trusted, now);
  return checked.kind === 'checked' ? checked : { ...checked, trusted };
}

type ParsedToken = { header: ProtectedHeaderParameters; claims: JWTPayload };

async function checkNamed(
  token: string,
  parsed: ParsedToken,
  trusted: TrustedIssuer,
  now: Date,
): Promise<CheckedToken | Refused | Unavailable> {
  const { foreign } = trusted;
  if (!isAccessTokenType(parsed.header.typ, foreign)) return refused('wrong_type');
  if (parsed.header.crit !== undefined || parsed.header.b64 !== undefined) return refused('malformed'); // RFC 7515, 4.1.11
  const { kid } = parsed.header;
  if (typeof kid !== 'string' || !(foreign ? foreignKidForm : kidForm).test(kid))
    return refused('unknown_key');
  const key = await findKey(trusted.keys, kid);
  if (key === 'unavailable') return { kind: 'unavailable' };
  if (key === 'unknown') return refused('unknown_key');
  if (!isAlgorithmOf(key.algorithm, parsed.header.alg)) return refused('invalid_signature'); // RFC 8725, 3.1
  try {
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: [key.algorithm, ...(key.algorithm === 'EdDSA' ? ['Ed25519'] : [])],
      issuer: trusted.issuer,
      // A configured issuer may name it elsewhere.
      ...(!foreign && { audience: trusted.audience }),
      requiredClaims: ['exp'],
      clockTolerance: clockSkewSeconds,
      currentDate: now,
    });
    const session = judgeClaims(payload, trusted, now);
    return 'kind' in session ? session : { kind: 'checked', session, trusted, kid, key };
  } catch (error) {
    return refusedByLibrary(reasonOf(error));
  }
}

/** A key source that fails is an outage, not a fault of the token. */
async function findKey(keys: KeySource, kid: string): Promise<KeyLookup> {
  try {
    return await keys.findKey(kid);
  } catch {
    return 'unavailable';
  }
}

function parseToken(token: string): ParsedToken | undefined {
  const [, header = '', claims = '', signature] =
    (token.length <= maxTokenLength && /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(token)) || [];
  // The last character of a signature has unused bits: with other bits there, the text would be another token.
  if (!signature || Buffer.from(signature, 'base64url').toString('base64url') !== signature) {
    return undefined;
  }
  try {
    const parsed = { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
    const texts = [header, claims].map((part) => Buffer.from(part, 'base64url').toString());
    return texts.every(hasOneMeaning) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The issuer that a token names. One with a configuration for each platform has different audiences there, and the token's decides; the
 * configured keys then say whether it may.
 */
function findIssuer(
  claims: JWTPayload,
  issuers: ReadonlyMap<string, readonly TrustedIssuer[]>,
): TrustedIssuer | undefined {
  const named = (typeof claims.iss === 'string' && issuers.get(claims.iss)) || [];
  return named.find(({ foreign }) => foreign && isAddressed(claims, foreign)) ?? named[0];
}

/** RFC 9068, section 4: `at+jwt`, with or without the prefix of media types, in any case; for a configured issuer its own types. */
function isAccessTokenType(typ: unknown, foreign: TrustedIssuer['foreign']): boolean {
  if (foreign) return isForeignTokenType(typ, foreign);
  return typeof typ === 'string' && typ.toLowerCase().replace(/^application\//, '') === accessTokenType;
}

/** RFC 9864 gives Ed25519 a name beside EdDSA; for such a key both mean the same. */
function isAlgorithmOf(keyAlgorithm: string, headerAlgorithm: unknown): boolean {
  return headerAlgorithm === keyAlgorithm || (keyAlgorithm === 'EdDSA' && headerAlgorithm === 'Ed25519');
}

function judgeClaims(payload: JWTPayload, trusted: TrustedIssuer, now: Date): KnownSession | Refused {
  // jose also accepts a list that holds the audience. Our issuers never write a list.
  if (!trusted.foreign && payload.aud !== trusted.audience) return refused('audience_mismatch');
  if (typeof payload.iat === 'number' && payload.iat > now.getTime() / 1000 + clockSkewSeconds) {
    return refused('not_yet_valid');
  }
  const session = trusted.foreign
    ? readForeignSession(payload, trusted, trusted.foreign)
    : readSession(payload, trusted.platform);
  return typeof session === 'string' ? refused(session, 'TOKEN_CLAIMS') : session;
}

/** By then the form has been checked: what is malformed now are claims. */
function refusedByLibrary(reason: ShortReason): Refused {
  return reason === 'malformed' ? refused(reason, 'TOKEN_CLAIMS') : refused(reason);
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
  // Any other error comes from the cryptography below jose: it could not read the signature.
  return error instanceof errors.JOSEError ? 'malformed' : 'invalid_signature';
}

type ShortReason = AuthenticationReason extends infer R
  ? R extends `auth.failure.${infer Short}`
    ? Short
    : never
  : never;

export function refused(reason: ShortReason, check?: Check): Refused {
  return { kind: 'refused', reason: `auth.failure.${reason}`, ...(check && { check }) };
}
