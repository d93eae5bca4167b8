import type { Platform } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import type { SessionCookies } from '../sessions/session-cookies.ts';

type RefreshTokenInput = { refreshToken?: string | null } | null | undefined;

/**
 * The refresh token: of the platform's cookie where the client asks for cookies, else of the input.
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

/** @throws {RefusalError} input.refreshToken when the input has one where the client asks for cookies. */
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
