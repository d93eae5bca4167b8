/** Hosts that always mean this machine. */
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Tells whether a Host header names this server: a page of another origin that was rebound to our address fails here
 * (421, RFC 9110 section 15.5.20). Ports are not compared. `allowed` extends the loopback names.
 */
export function createHostCheck(allowed: readonly string[]): (host: string | undefined) => boolean {
  const names = new Set([...loopbackHosts, ...allowed].map((host) => host.toLowerCase()));
  return (host) => {
    const match =
      host === undefined ? null : /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/.exec(host);
    return match?.[1] !== undefined && names.has(match[1].toLowerCase());
  };
}
