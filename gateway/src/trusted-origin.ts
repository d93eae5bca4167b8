const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/**
 * Whether a request comes from a page that may sign in by cookie: of a listed origin, or of the entrance's own. The own one
 * is told by the Host that the request was sent to, which has passed the Host check: the same name and port over TLS, or
 * plainly on loopback. Without an Origin (no browser leaves it out of a POST), or with `null`: no.
 */
export function isTrustedOrigin(
  origin: string | undefined,
  host: string | undefined,
  listed: ReadonlySet<string>,
): boolean {
  if (origin === undefined || host === undefined) {
    return false;
  }
  const own = host.toLowerCase();
  return (
    listed.has(origin) ||
    origin === `https://${own}` ||
    (loopbackHost.test(own) && origin === `http://${own}`)
  );
}
