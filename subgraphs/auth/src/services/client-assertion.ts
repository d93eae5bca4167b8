import { clockSkewSeconds, type SigningAlgorithm } from '@signet/schema/contract';
import { readSignedText, type SignedText } from './signed-text.ts';

/** An assertion that says what it must say. Its signature is not verified yet. */
export type ReadAssertion = SignedText & {
  clientId: string;
  tokenId: string;
  kid: string;
  algorithm: SigningAlgorithm;
  expiresAt: Date;
};

/** RFC 7523bis, section 4: an assertion lives for minutes. */
const maxLifeSeconds = 300;
const maxLength = 4096;
const maxTokenIdLength = 200;
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** `client-authentication+jwt` is of RFC 7523bis. An access token, `at+jwt`, is none of them. */
const types: ReadonlySet<unknown> = new Set([undefined, 'jwt', 'client-authentication+jwt']);
const algorithms: ReadonlyMap<unknown, SigningAlgorithm> = new Map([
  ['EdDSA', 'EdDSA'],
  ['Ed25519', 'EdDSA'], // RFC 9864
  ['ES256', 'ES256'],
  ['RS256', 'RS256'],
]);

/**
 * Reads a client assertion and checks all that it says by itself (RFC 7523, section 3): form, type, algorithm, key id, that issuer and subject
 * are the client, that the audience is this issuer and nobody else, times, `jti`. Nothing of this depends on which clients there are.
 *
 * @param audience the issuer's identifier. RFC 7523bis, section 3, and FAPI 2.0 take this one alone, as one string: an assertion for the URL of
 *   an endpoint could be one that another server has asked for.
 * @param now in milliseconds since 1970.
 * @returns what is wrong with it, for the client's developer, in place of the assertion.
 */
export function readAssertion(text: string, audience: string, now: number): ReadAssertion | string {
  const read = readSignedText(text, maxLength);
  if (!read) return 'The assertion is no JWT in the compact form.';
  const { header, claims } = read;
  const algorithm = algorithms.get(header.alg);
  if (!algorithm) return 'The assertion must be signed with EdDSA, ES256 or RS256.';
  // RFC 7515, section 4.1.11
  if (header.crit !== undefined || header.b64 !== undefined)
    return 'The assertion has a header that is not known here.';
  if (!types.has(typeof header.typ === 'string' ? header.typ.toLowerCase() : header.typ))
    return 'The assertion has another typ than JWT or client-authentication+jwt.';
  const { kid } = header;
  if (typeof kid !== 'string' || kid === '' || kid.length > 128) return 'The assertion names no kid.';
  const { iss, sub, aud, jti } = claims;
  if (typeof sub !== 'string' || !uuidForm.test(sub) || iss !== sub)
    return 'iss and sub of the assertion must be the client_id.';
  if (aud !== audience) return `aud of the assertion must be ${audience}, as one string.`;
  if (typeof jti !== 'string' || jti === '' || jti.length > maxTokenIdLength)
    return `jti of the assertion must have 1 to ${maxTokenIdLength} characters.`;
  const fault = findTimeFault(claims, now / 1000);
  if (fault !== undefined) return fault;
  // Kept for as long as it could be used.
  const expiresAt = new Date(((claims.exp as number) + clockSkewSeconds) * 1000);
  return { ...read, clientId: sub, tokenId: jti, kid, algorithm, expiresAt };
}

function findTimeFault({ exp, iat, nbf }: SignedText['claims'], now: number): string | undefined {
  // JSON.parse reads 1e999 as Infinity.
  if (!isTime(exp)) return 'exp of the assertion must be a number of seconds.';
  if (exp <= now - clockSkewSeconds) return 'The assertion has expired.';
  if (exp > now + maxLifeSeconds + clockSkewSeconds)
    return `The assertion expires more than ${maxLifeSeconds} s from now.`;
  for (const [name, time] of [
    ['iat', iat],
    ['nbf', nbf],
  ] as const) {
    if (time === undefined) continue;
    if (!isTime(time)) return `${name} of the assertion must be a number of seconds.`;
    if (time > now + clockSkewSeconds) return `${name} of the assertion is in the future.`;
  }
  return undefined;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
