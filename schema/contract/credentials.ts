import type { Platform } from './platforms.ts';

/**
 * `Signet-Session: cookie` asks that a cookie carries the refresh token instead of the body. Being no header that a form or a
 * plain fetch can send, it makes browsers ask first (a preflight) for pages of other origins.
 */
export const sessionHeader = 'signet-session';
export const sessionByCookie = 'cookie';

/**
 * The cookie that carries a platform's refresh token. `__Host-`: browsers take it from a secure origin only, for that host
 * alone, so that neither a sibling domain nor a plain connection can plant one (RFC 6265bis, section 4.1.3.2).
 */
export function sessionCookieOf(platform: Platform): string {
  return `__Host-signet-${platform}-refresh`;
}

/**
 * Root fields that try a credential: a password or a refresh token. An operation holds one of them at most, so that limits
 * on requests are limits on guesses.
 */
export const credentialFields: ReadonlySet<string> = new Set([
  'register',
  'login',
  'portalLogin',
  'refresh',
  'portalRefresh',
  'changePassword',
  'changePortalPassword',
]);
