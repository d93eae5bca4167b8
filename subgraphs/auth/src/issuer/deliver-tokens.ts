import type { Platform } from '@signet/schema/contract';
import type { SessionCookies } from '../sessions/session-cookies.ts';
import type { IssuedTokens } from './issue-tokens.ts';

/** What sign-in and refresh answer. `refreshToken` is null where a cookie carries it. */
export type AuthPayload = { accessToken: string; refreshToken: string | null; expiresIn: number };

/** Hands the refresh token over as the client asked for it: in the answer, or in its platform's cookie and nowhere else. */
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
