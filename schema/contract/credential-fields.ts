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
