import type pg from 'pg';

/** The release that the migrations are written for (`uuidv7()`, `returning old`). */
const leastRelease = 18;

/** The server is too old. The message is a line for the operator. */
export class ServerVersionError extends Error {
  override readonly name = 'ServerVersionError';
}

/**
 * Otherwise the first migration fails at a function that the server does not have. Distributions come with older servers: Debian 12 with 15.
 *
 * @throws {ServerVersionError}
 */
export async function refuseOlderServer(client: pg.ClientBase, least = leastRelease): Promise<void> {
  const { rows } = await client.query<{ version: string; isOlder: boolean }>(
    "select pg_catalog.current_setting('server_version') as version, " +
      'pg_catalog.current_setting(\'server_version_num\')::int < $1 as "isOlder"',
    [least * 10_000],
  );
  const [server] = rows;
  if (!server?.isOlder) return;
  throw new ServerVersionError(
    `DATABASE_URL names a PostgreSQL ${server.version}, and Signet needs PostgreSQL ${least} or later.`,
  );
}
