import { AsyncLocalStorage } from 'node:async_hooks';
import { hash } from 'node:crypto';
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import type { Database } from './tables.ts';

export type DatabaseOptions = {
  /** Connections in the pool. */
  maxConnections?: number;
  /** Called with one line for each idle connection that the server closed. The pool replaces it. */
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
  // Without a listener, one reset of an idle connection ends the process. The pool's own sees connections at rest
  // only: one in a transaction, between two of its queries, is as idle.
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

/** By `performance.now()`; it goes with a request through all that it awaits, and with no other. */
const deadlines = new AsyncLocalStorage<number>();

/** The time of a request is up before its query began. */
export class OutOfTimeError extends Error {
  override readonly name = 'OutOfTimeError';
}

/** Runs what serves a request. Its queries in `inTenant` are cancelled at the deadline, when nobody waits for the answer any more. */
export function untilDeadline<T>(deadline: number, fn: () => T): T {
  return deadlines.run(deadline, fn);
}

/**
 * Milliseconds of the request that this runs for, whole and at least 1; undefined where it runs for none.
 *
 * @throws {OutOfTimeError} when there are none
 */
export function findTimeLeftMs(): number | undefined {
  const deadline = deadlines.getStore();
  if (deadline === undefined) return undefined;
  const left = deadline - performance.now();
  if (left <= 0) throw new OutOfTimeError('The time of the request is up.');
  return Math.ceil(left);
}

/** Called with the text of each statement sent, `begin` and `commit` too. Never with values. */
export type QueryListener = (sql: string) => void;

/** A server keeps every named statement until the connection ends: texts beyond these are sent unnamed. */
const maxNamedStatements = 500;

/**
 * A pg.Client that names each parametrised statement after its text, so that PostgreSQL parses and plans it once per
 * connection. kysely never names statements; a three-way join takes 0.14 ms with a name and 0.92 ms without.
 */
export function createClientClass(onQuery?: QueryListener): typeof pg.Client {
  return class NamedStatementClient extends pg.Client {
    readonly #names = new Map<string, string>();

    // pg has eight overloads of query(); kysely calls one of them, query(text, values).
    // biome-ignore lint/suspicious/noExplicitAny: an override must accept and return what every overload does.
    override query(...args: any[]): any {
      const [text, values] = args;
      const send = super.query as (...args: unknown[]) => unknown;
      if (typeof text !== 'string') return send.apply(this, args);
      onQuery?.(text);
      if (args.length !== 2 || !Array.isArray(values) || values.length === 0) return send.apply(this, args);
      const name = this.#nameOf(text);
      return send.call(this, name ? { name, text, values } : { text, values });
    }

    #nameOf(text: string): string | undefined {
      const known = this.#names.get(text);
      if (known || this.#names.size >= maxNamedStatements) return known;
      const name = hash('sha256', text, 'base64url');
      this.#names.set(text, name);
      return name;
    }
  };
}
