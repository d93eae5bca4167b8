/** A database's URL with another server: `host` or `host:port`. All else stays, the port too where none is given. */
export function atHost(url: string, host: string): string {
  const changed = new URL(url);
  const { hostname, port } = new URL(`postgres://${host}`);
  changed.hostname = hostname;
  if (port) changed.port = port;
  return changed.href;
}
