import type { Platform } from './platforms.ts';

/**
 * `Signet-Session: cookie` asks for the refresh token in a cookie instead of the body. A form or a plain fetch can't send this
 * header: for pages of other origins the browser sends a preflight request first.
 */
export const sessionHeader = 'signet-session';
export const sessionByCookie = 'cookie';

/**
 * The cookie that carries a platform's refresh token. `__Host-`: browsers accept it only from a secure origin and send it to
 * that host only, so neither a sibling domain nor a plain connection can plant one (RFC 6265bis, section 4.1.3.2).
 */
export function sessionCookieOf(platform: Platform): string {
  return `__Host-signet-${platform}-refresh`;
}

/**
 * The cookie that carries a platform's device tokens. They open nothing: a device from which somebody signed in before has counters
 * and places of its own at sign-in.
 */
export function deviceCookieOf(platform: Platform): string {
  return `__Host-signet-${platform}-device`;
}

/**
 * Root fields that check a password, a refresh token or a second factor, or act on a mailbox. An operation may have at most one of them, so
 * that a limit on requests is a limit on guesses.
 */
export const credentialFields: ReadonlySet<string> = new Set([
  'register',
  'login',
  'portalLogin',
  'refresh',
  'portalRefresh',
  'changePassword',
  'changePortalPassword',
  'verifyEmail',
  'verifyPortalEmail',
  'requestPasswordReset',
  'requestPortalPasswordReset',
  'resetPassword',
  'resetPortalPassword',
  'changeEmail',
  'changePortalEmail',
  'confirmEmail',
  'confirmPortalEmail',
  'completeChallenge',
  'completePortalChallenge',
  'confirmPortalTotpEnrollment',
  'finishPasskeySignIn',
  'finishPortalPasskeySignIn',
  'finishPortalPasskeyEnrollment',
  'completeUpstreamSignIn',
  'completePortalUpstreamSignIn',
  'linkIdentity',
  'linkPortalIdentity',
  'acceptInvitation',
  'beginImpersonation',
  'reauthenticate',
  'portalReauthenticate',
]);
