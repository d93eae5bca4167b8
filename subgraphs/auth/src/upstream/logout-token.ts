import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { addSeconds } from '../dates.ts';
import type { ProviderClient } from './provider-client.ts';
import { ProviderUnavailableError } from './provider-metadata.ts';

/** A logout token that nobody acts upon. The message names what is wrong, never with a value. */
export class LogoutTokenError extends Error {
  override readonly name = 'LogoutTokenError';
}

/** A session of a provider, all sessions of a person there, or one of one person. */
export type LogoutToken = {
  issuer: string;
  subject: string | undefined;
  sid: string | undefined;
  tokenId: string;
  /** Until when the same token would be good. */
  expiresAt: Date;
};

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
const toleranceSeconds = 30;
/** Since `iat`: the provider sends it at once. */
const maxAgeSeconds = 600;
const idForm = /^[\x20-\x7E]{1,255}$/;

/**
 * Checks a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6). What strangers can write is looked at before any key is, so
 * that their tokens cause no work at the provider. `jti` is for the caller to use up.
 *
 * @throws {LogoutTokenError}
 * @throws {ProviderUnavailableError} where no keys can be had
 */
export async function readLogoutToken(
  client: ProviderClient,
  token: string,
  now: Date,
): Promise<LogoutToken> {
  const { provider } = client;
  assertMeant(client, token);
  let claims: JWTPayload;
  try {
    const verified = await jwtVerify(
      token,
      async ({ kid = '' }) => {
        const key = await (await client.openKeys()).findKey(kid);
        if (key === 'unavailable') throw new ProviderUnavailableError('its keys cannot be read');
        if (key === 'unknown') throw new LogoutTokenError('the key is unknown');
        return key.key;
      },
      {
        issuer: provider.issuer,
        audience: provider.clientId,
        algorithms: [provider.algorithm],
        // RFC 8725, section 3.11: an ID token has another type.
        typ: 'logout+jwt',
        maxTokenAge: maxAgeSeconds,
        clockTolerance: toleranceSeconds,
        currentDate: now,
        requiredClaims: ['iat', 'jti', 'events'],
      },
    );
    claims = verified.payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new LogoutTokenError(describe(error));
    throw error;
  }
  const { sub, sid, jti, events } = claims;
  if (!isObject(events) || !isObject(events[logoutEvent]))
    throw new LogoutTokenError('events names no logout');
  if ('nonce' in claims) throw new LogoutTokenError('nonce is there');
  if (typeof jti !== 'string' || jti === '') throw new LogoutTokenError('jti is no text');
  const [subject, session] = [readId(sub, 'sub'), readId(sid, 'sid')];
  if (subject === undefined && session === undefined) throw new LogoutTokenError('sub and sid are missing');
  const expiresAt = addSeconds(new Date((claims.iat as number) * 1000), maxAgeSeconds + 2 * toleranceSeconds);
  return { issuer: provider.issuer, subject, sid: session, tokenId: jti, expiresAt };
}

/** Header and claims before the signature. @throws {LogoutTokenError} */
function assertMeant({ provider }: ProviderClient, token: string): void {
  try {
    const { alg, typ } = decodeProtectedHeader(token);
    const { iss, aud } = decodeJwt(token);
    if (alg !== provider.algorithm) throw new LogoutTokenError('alg is another');
    if (typeof typ !== 'string' || !/^(application\/)?logout\+jwt$/i.test(typ))
      throw new LogoutTokenError('typ is another');
    if (iss !== provider.issuer) throw new LogoutTokenError('iss is another');
    if (![aud].flat().includes(provider.clientId)) throw new LogoutTokenError('aud is another');
  } catch (error) {
    throw error instanceof LogoutTokenError ? error : new LogoutTokenError('it is no signed JWT');
  }
}

function describe(error: errors.JOSEError): string {
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) {
    return `${error.claim} is not valid`;
  }
  return error instanceof errors.JWSSignatureVerificationFailed
    ? 'the signature is wrong'
    : 'it is no signed JWT';
}

/** @throws {LogoutTokenError} for what no session can have */
function readId(value: unknown, claim: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !idForm.test(value)) throw new LogoutTokenError(`${claim} is not valid`);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
