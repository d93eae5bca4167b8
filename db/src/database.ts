import { Kysely, sql } from 'kysely';
import pg from 'pg';
import { atHost } from './at-host.ts';
import { askServer } from './pool/ask-server.ts';
import { createFairPool } from './pool/fair-pool.ts';
import { formatSettings, settingsOf, splitOptions } from './pool/pinned-settings.ts';
import { DatabaseSilentError } from './pool/pool-errors.ts';
import { PooledDialect } from './pool/pooled-dialect.ts';
import { Pooler } from './pool/pooler.ts';
import { createSilenceWatch } from './pool/silence-watch.ts';
import { createClientClass, type QueryListener } from './pool/watched-client.ts';
import { type OpenAt, Replicas } from './replicas.ts';
import type { Database } from './tables.ts';
import { maxStatementMs } from './tenant-settings.ts';

export { inTenant } from './tenant-transaction.ts';

export type DatabaseOptions = {
  /** Connections in the pool. */
  maxConnections?: number;
  /** Called with one line when the server falls silent or speaks again, and for each idle connection that it closed. */
  log?: (line: string) => void;
  /** Shown in pg_stat_activity. */
  applicationName?: string;
  /** 0 for no limit. A transaction as a whole may take four times as long, which bounds the revocation feed's overlap. */
  statementTimeoutMs?: number;
  onQuery?: QueryListener;
  /** Streaming replicas, as `host` or `host:port`; all else is as in the URL. Reads of a tenant that a request makes may go there. */
  replicas?: readonly string[];
};

/** Longer than any statement may take, and then the answer must be here. */
const answerMarginMs = 1000;
/** For a new connection. */
const connectMs = 3000;
/** For a connection to become free. */
const waitMs = 5000;
/** Without a refused connection. */
const refusalsEndMs = 60_000;

/**
 * A pool of connections for one process. `destroy()` ends it. Connects at the first query, not here. While the server gives no
 * sign of life, queries fail at once with `DatabaseSilentError`.
 */
export function createDatabase<DB = Database>(url: string, options: DatabaseOptions = {}): Kysely<DB> {
  const {
    maxConnections = 10,
    log,
    applicationName = 'signet',
    statementTimeoutMs = maxStatementMs,
    onQuery,
  } = options;
  const pinned = settingsOf(statementTimeoutMs);
  const settings = splitOptions(url, formatSettings(pinned));
  const pooler = new Pooler(pinned, () =>
    log?.(
      'a pooler (PgBouncer or alike) is in front of the database: statements have no names, each transaction brings its settings',
    ),
  );
  const watch = createSilenceWatch({
    ask: (question) => askServer({ ...question, connectionString: url, applicationName }),
    answerMs: statementTimeoutMs === 0 ? Number.POSITIVE_INFINITY : statementTimeoutMs + answerMarginMs,
    onChange(isSilent) {
      if (isSilent) fairPool.refuseWaiting(new DatabaseSilentError('The database gives no sign of life.'));
      log?.(isSilent ? 'the database gives no sign of life' : 'the database answers again');
    },
  });
  const pool = new pg.Pool({
    ...settings,
    max: maxConnections,
    application_name: applicationName,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    types: createTypeParsers(),
    Client: createClientClass(watch, pooler, onQuery),
    onConnect: (client) => (client as unknown as { findPooler(): Promise<void> }).findPooler(),
  });
  const onRefused = createRefusalLog(log);
  const fairPool = createFairPool(pool, { watch, pooler, maxConnections, waitMs, onRefused });
  // Without a listener, one reset of an idle connection ends the process. The pool's own sees connections at rest
  // only: one in a transaction, between two of its queries, is as idle.
  pool.on('error', (error) => {
    if (!(error instanceof DatabaseSilentError)) log?.(`database connection lost: ${error.message}`);
  });
  pool.on('connect', (client) => client.on('error', () => {}));
  const replicas = options.replicas?.length
    ? new Replicas(options.replicas, openReplica(url, { ...options, replicas: [] }), log)
    : undefined;
  const db = new Kysely<DB>({ dialect: new PooledDialect(fairPool, replicas) });
  const destroy = db.destroy.bind(db);
  return Object.assign(db, {
    async destroy() {
      await replicas?.stop();
      await destroy();
    },
  });
}

function openReplica(url: string, options: DatabaseOptions): OpenAt {
  const { applicationName = 'signet', log: _log, ...others } = options;
  return (host, purpose, maxConnections = options.maxConnections ?? 10) =>
    createDatabase(host ? atHost(url, host) : url, {
      ...others,
      maxConnections,
      applicationName: `${applicationName}-${purpose}`,
    });
}

/** Of a server, or a pooler, that refuses new connections: it is shut down, it has as many as it may have. Said once in a row. */
function createRefusalLog(log: DatabaseOptions['log']): (error: unknown) => void {
  let refusedAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (!(error instanceof pg.DatabaseError)) return;
    const isFirst = performance.now() - refusedAt > refusalsEndMs;
    refusedAt = performance.now();
    if (isFirst) log?.(`the database refuses new connections: ${error.message}`);
  };
}

/** As a server writes it whose DateStyle and TimeZone are ours (`pinned-settings.ts`). Years before 100 mean others to `Date.UTC`. */
const utcTime = /^(?!00)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?\+00$/;

/**
 * int8 (and so count(*)) as a number; beyond 2^53 as the text that the server sent, since a rounded number is worse. Times as
 * pg reads them, but most of them in a tenth of the time.
 */
function createTypeParsers(): pg.CustomTypesConfig {
  const parsers = new pg.TypeOverrides();
  parsers.setTypeParser(pg.types.builtins.INT8, (text) => {
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : text;
  });
  const parseTime: (text: string) => unknown = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text');
  parsers.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) =>
    utcTime.test(text) ? readUtcTime(text) : parseTime(text),
  );
  return parsers as unknown as pg.CustomTypesConfig;
}

/** By the places of its digits: a page of rows has dozens of times, which most requests don't ask for. */
function readUtcTime(text: string): Date {
  const two = (at: number) => 10 * (text.charCodeAt(at) - 48) + text.charCodeAt(at + 1) - 48;
  // Behind the point, up to three digits; what is finer is cut off, as pg does.
  const ms = text[19] === '.' ? Number(text.slice(20, -3).padEnd(3, '0').slice(0, 3)) : 0;
  return new Date(Date.UTC(100 * two(0) + two(2), two(5) - 1, two(8), two(11), two(14), two(17), ms));
}

/** Resolves when the server answers, else throws what went wrong. For readiness. */
export async function pingDatabase<DB>(db: Kysely<DB>): Promise<void> {
  await sql`select 1`.execute(db);
}
