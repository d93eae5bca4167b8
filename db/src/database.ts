import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import { findTimeLeftMs } from './deadline.ts';
import { createClientClass, type QueryListener } from './named-statements.ts';
import type { Database } from './tables.ts';

export type DatabaseOptions = {
  /** Connections in the pool. */
  maxConnections?: number;
  /** Told in one line of every idle connection that the server closed. The pool replaces it. */
  log?: (line: string) => void;
  /** Shown in pg_stat_activity. */
  applicationName?: string;
  /** 0 for no limit. A transaction as a whole may take four times as long, which bounds the revocation feed's overlap. */
  statementTimeoutMs?: number;
  onQuery?: QueryListener;
};

/** Bounds how late a revocation can commit, see the revocation feed: a request may shorten it only. */
const maxStatementMs = 5000;

/** A pool of connections for one process. `destroy()` ends it. Connects at the first query, not here. */
export function createDatabase<DB = Database>(url: string, options: DatabaseOptions = {}): Kysely<DB> {
  const {
    maxConnections = 10,
    log,
    applicationName = 'signet',
    statementTimeoutMs = maxStatementMs,
    onQuery,
  } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    application_name: applicationName,
    connectionTimeoutMillis: 5000,
    statement_timeout: statementTimeoutMs,
    options: `-c transaction_timeout=${4 * statementTimeoutMs} -c timezone=UTC`,
    types: createTypeParsers(),
    Client: createClientClass(onQuery),
  });
  // Without a listener, one reset of an idle connection ends the process. The pool's own hears of those at rest alone: one
  // in a transaction, between two of its queries, is as idle.
  pool.on('error', (error) => log?.(`database connection lost: ${error.message}`));
  pool.on('connect', (client) => client.on('error', () => {}));
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool }) });
}

/** int8 (and so count(*)) as a number; beyond 2^53 as the text that the server sent, since a rounded number is worse. */
function createTypeParsers(): pg.CustomTypesConfig {
  const parsers = new pg.TypeOverrides();
  parsers.setTypeParser(pg.types.builtins.INT8, (text) => {
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : text;
  });
  return parsers as unknown as pg.CustomTypesConfig;
}

/**
 * Runs `fn` in one transaction that sees the rows of this tenant only. Every query on tenant data goes through here: the
 * row policies read `app.tenant`, and without it there are no rows. The setting ends with the transaction. Each of its
 * statements is cancelled when the request's time is up (`untilDeadline`).
 *
 * @throws {OutOfTimeError} when the request has no time left
 */
export function inTenant<DB, T>(
  db: Kysely<DB>,
  tenantId: string,
  fn: (trx: Transaction<DB>) => Promise<T>,
): Promise<T> {
  return db.transaction().execute(async (trx) => {
    const left = findTimeLeftMs();
    const setTenant = sql`select set_config('app.tenant', ${tenantId}, true)`;
    await (left === undefined || left >= maxStatementMs
      ? setTenant
      : sql`${setTenant}, set_config('statement_timeout', ${String(left)}, true)`
    ).execute(trx);
    return fn(trx);
  });
}

/** Resolves when the server answers, else throws what went wrong. For readiness. */
export async function pingDatabase<DB>(db: Kysely<DB>): Promise<void> {
  await sql`select 1`.execute(db);
}
