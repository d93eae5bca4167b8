import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardProtocol } from '@signet/flow';
import pg from 'pg';
import { createNotificationProbe, wakeChannel } from './notification-probe.ts';
import type { RevocationConnector, RevocationRead } from './revocation-feed.ts';

type Row = {
  mark: string;
  kind: 'session' | 'signing_key' | null;
  platform: 'user' | 'portal';
  subject: string;
  expiresAtMs: number;
  ageSeconds: number;
};

/**
 * One statement, so one snapshot. A row that it does not see, because its transaction is not finished, has a transaction id of
 * `mark` or above and is read next time. This holds however long a transaction takes; no clock is involved.
 */
const readSql = `
  select snapshot.mark::text, r.kind, r.platform, r.subject,
    1000 * extract(epoch from r.expires_at)::float8 as "expiresAtMs",
    extract(epoch from clock_timestamp() - r.created_at)::float8 as "ageSeconds"
  from (select pg_snapshot_xmin(pg_current_snapshot()) as mark) snapshot
  left join auth.revocation r on r.transaction_id >= $1::xid8 and r.expires_at > now()`;

/** `query_timeout` holds on a path that swallows bytes, too: what is not answered by then ends both connections. */
const settings = { connectionTimeoutMillis: 2500, query_timeout: 2500, keepAlive: true };
/** Asked of the server at the start of a connection, which a pooler refuses. */
const startSettings = {
  statement_timeout: 5000,
  // A server with other defaults must not change how numbers are written.
  options: '-c extra_float_digits=1 -c timezone=UTC -c search_path=pg_catalog',
};
/** All rows, on a busy machine. */
const firstReadMs = 5000;
const probeIntervalMs = 4000;
const endTimeoutMs = 1000;

/**
 * Revocations in PostgreSQL, read as `signet_verifier`. LISTEN has its own connection, so that a notification does not wait for
 * a read under way. Its payload is ignored: any role can send one.
 */
export function createPostgresConnector(
  url: string,
  applicationName = 'signet-revocations',
): RevocationConnector {
  let isPooler = false;
  return async ({ onWake, onLost, onNotifications }) => {
    const create = () => {
      const client = new pg.Client({
        connectionString: url,
        application_name: applicationName,
        ...settings,
        ...(!isPooler && startSettings),
      });
      guardProtocol(client);
      client.on('error', onLost); // Without a listener a reset ends the process.
      client.on('end', () => onLost(new Error('the connection was closed')));
      return client;
    };
    const [listener, reader] = [create(), create()];
    const close = async () => void (await Promise.all([endClient(listener), endClient(reader)]));
    const probe = createNotificationProbe(listener, reader);
    listener.on('notification', ({ channel }) => channel === wakeChannel && onWake());
    try {
      await Promise.all([listener.connect(), reader.connect()]);
      await probe.listen(wakeChannel);
    } catch (error) {
      await close();
      // The next attempt does without. What is read needs none of them on a server with the usual defaults.
      if (error instanceof Error && /^unsupported startup parameter/.test(error.message)) isPooler = true;
      throw error;
    }
    let probedAt = Number.NEGATIVE_INFINITY;
    return {
      async read(mark) {
        if (performance.now() - probedAt > probeIntervalMs) {
          probedAt = performance.now();
          probe.areReceived().then(onNotifications, onLost); // Beside the reads: they go on while nothing is received.
        }
        // Without a name: through a pooler in transaction mode, each read may reach another connection of the server.
        const { rows } = await reader.query<Row>({
          text: readSql,
          values: [mark ?? '0'],
          ...(mark === undefined && { query_timeout: firstReadMs }),
        });
        return toRead(rows);
      },
      close,
    };
  };
}

/** If the other end is gone, nothing answers the end of the connection: after a second the socket is destroyed. */
async function endClient(client: pg.Client): Promise<void> {
  const timeout = sleep(endTimeoutMs, undefined, { ref: false }).then(() => {
    (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
  });
  await Promise.race([client.end().catch(() => {}), timeout]);
}

function toRead(rows: readonly Row[]): RevocationRead {
  return {
    mark: rows[0]?.mark ?? '0',
    rows: rows.flatMap(({ kind, platform, subject, expiresAtMs, ageSeconds }) =>
      kind === null ? [] : [{ kind, platform, subject, expiresAtMs, ageSeconds }],
    ),
  };
}
