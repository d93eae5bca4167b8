import { type Platform, sessionByCookie, sessionCookieOf } from '@signet/schema/contract';
import { badInput, RefusalError, readCookie } from '@signet/service';
import type { SubgraphHttpRequest } from '@signet/subgraph';
import type { IssuedTokens } from './issue-tokens.ts';

/** The cookies of one request that carry refresh tokens. */
export type SessionCookies = {
  /** Whether the client asks for cookies. Otherwise none is read or set. */
  areAsked: boolean;
  find(platform: Platform): string | undefined;
  set(platform: Platform, refreshToken: string, maxAgeSeconds: number): void;
  clear(platform: Platform): void;
};

/** HttpOnly: no script reads it. Strict: no page of another site sends it. Path, and no Domain: `__Host-` requires both. */
export const cookieAttributes = 'Path=/; HttpOnly; Secure; SameSite=Strict';

export function createSessionCookies({
  signetContext,
  cookie,
  setCookie,
}: Pick<SubgraphHttpRequest, 'signetContext' | 'cookie' | 'setCookie'>): SessionCookies {
  const areAsked = signetContext.session === sessionByCookie;
  const write = (platform: Platform, value: string, maxAgeSeconds: number) =>
    setCookie(`${sessionCookieOf(platform)}=${value}; Max-Age=${maxAgeSeconds}; ${cookieAttributes}`);
  return {
    areAsked,
    find: (platform) => (areAsked ? readCookie(cookie, sessionCookieOf(platform)) || undefined : undefined),
    set: write,
    clear: (platform) => write(platform, '', 0),
  };
}

/** The answer to sign-in and refresh. `refreshToken` is null where a cookie carries it. */
export type AuthPayload = { accessToken: string; refreshToken: string | null; expiresIn: number };

/** Delivers the refresh token as the client asked for it: in the answer, or in its platform's cookie and nowhere else. */
export function deliverTokens(
  cookies: SessionCookies,
  platform: Platform,
  { accessToken, refreshToken, expiresIn, refreshExpiresIn }: IssuedTokens,
): AuthPayload {
  if (!cookies.areAsked) {
    return { accessToken, refreshToken, expiresIn };
  }
  cookies.set(platform, refreshToken, refreshExpiresIn);
  return { accessToken, refreshToken: null, expiresIn };
}

type RefreshTokenInput = { refreshToken?: string | null } | null | undefined;

/**
 * The refresh token: from the platform's cookie where the client asks for cookies, else from the input.
 *
 * @throws {RefusalError} input.refreshToken when the input has none, or has one beside the cookie;
 * auth.failure.missing_token without a cookie.
 */
export function readRefreshToken(
  cookies: SessionCookies,
  platform: Platform,
  input: RefreshTokenInput,
): string {
  const token = findRefreshToken(cookies, platform, input);
  if (token !== undefined) {
    return token;
  }
  throw cookies.areAsked
    ? new RefusalError('auth.failure.missing_token', { text: 'Sign in first: there is no session cookie.' })
    : badInput('refreshToken', 'Send the refresh token.');
}

/** @throws {RefusalError} input.refreshToken when the input has one although the client asks for cookies. */
export function findRefreshToken(
  cookies: SessionCookies,
  platform: Platform,
  input: RefreshTokenInput,
): string | undefined {
  const token = input?.refreshToken || undefined;
  if (cookies.areAsked && token !== undefined) {
    throw badInput('refreshToken', 'Where a cookie carries the refresh token, send it in the cookie only.');
  }
  return token ?? cookies.find(platform);
}
