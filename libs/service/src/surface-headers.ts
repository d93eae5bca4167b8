/**
 * Headers of every answer, also of those that never reach a route. Answers are an API's: no page may frame, sniff, embed or
 * run them. What a route sets itself stays: the browser pages have policies of their own, key sets may be kept.
 *
 * `isHttps`: whether clients come by https. Strict-Transport-Security is for that alone (RFC 6797, section 7.2), and for this
 * host only: other names of its domain are somebody else's to decide about.
 */
export function surfaceHeaders(isHttps: boolean): Readonly<Record<string, string>> {
  return {
    'cache-control': 'private, no-store',
    'content-security-policy':
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(isHttps && { 'strict-transport-security': 'max-age=31536000' }),
  };
}
