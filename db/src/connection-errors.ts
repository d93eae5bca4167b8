/** Why no connection to the server of this URL could be made, in one line without the password; else undefined. */
export function explainConnectionError(error: unknown, url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { code } = error as { code?: unknown };
  const { host, pathname, username } = new URL(url);
  const advice = 'check DATABASE_URL.';
  if (code === '28P01' || code === '28000')
    return `The database at ${host} refuses the user '${username}': ${advice}`;
  if (code === '3D000')
    return `The database '${pathname.slice(1)}' does not exist at ${host}: create it, or ${advice}`;
  if (code === '53300') return `The database at ${host} has no connection free.`;
  if (typeof code === 'string' && /^(E[A-Z_]+|08\d\w\d|57P0\d)$/.test(code)) {
    return `Cannot reach the database at ${host} (${code}): start it, or ${advice}`;
  }
  if (
    error instanceof Error &&
    /timeout exceeded|timeout expired|Connection terminated/.test(error.message)
  ) {
    return `The database at ${host} does not answer: start it, or ${advice}`;
  }
  if (error instanceof Error && /SSL|TLS|certificate/i.test(`${code} ${error.message}`)) {
    return `No encrypted connection to the database at ${host} (${error.message}): ${advice}`;
  }
  return undefined;
}
