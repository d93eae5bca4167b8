import {
  type CompiledQuery,
  type ConnectionProvider,
  type DatabaseConnection,
  DummyDriver,
  type Kysely,
  PostgresDialect,
  type QueryResult,
  Transaction,
} from 'kysely';
import type { StatementResult } from './pool/statement-batch.ts';

export type ExecuteQuery = (query: CompiledQuery) => Promise<QueryResult<unknown>>;

const dialect = new PostgresDialect({
  pool() {
    throw new TypeError('A transaction opens no connections.');
  },
});
const driver = new DummyDriver();

/** Runs a statement of a handle, with its values. */
export type RunStatement = (text: string, values: readonly unknown[]) => Promise<StatementResult>;

const runnerKey = Symbol('runStatement');
type WithRunner = { [runnerKey]?: RunStatement };

/**
 * A transaction of kysely, as queries take it, whose statements run where `provider` says. It can neither begin nor end one. With `run`,
 * statements whose text is known run there.
 */
export function createTransactionHandle<DB>(
  db: Kysely<DB>,
  provider: ConnectionProvider,
  run?: RunStatement,
): Transaction<DB> {
  const executor = db.getExecutor().withConnectionProvider(provider);
  const handle = new Transaction<DB>({ config: { dialect }, dialect, driver, executor });
  if (run) (handle as WithRunner)[runnerKey] = run;
  return handle;
}

/** The way past kysely for a statement whose text is known; undefined for a handle that has none. */
export function findStatementRunner(handle: object): RunStatement | undefined {
  return (handle as WithRunner)[runnerKey];
}

/** What kysely takes for a connection. */
export function createQueryConnection(execute: ExecuteQuery): DatabaseConnection {
  return {
    executeQuery: execute as DatabaseConnection['executeQuery'],
    streamQuery() {
      throw new TypeError(
        'Rows are not streamed: they would hold a connection for as long as a client reads.',
      );
    },
  };
}

/** A result as kysely's driver for PostgreSQL gives it. */
export function toQueryResult({ command, rowCount, rows }: StatementResult): QueryResult<unknown> {
  return changing.has(command) ? { numAffectedRows: BigInt(rowCount), rows } : { rows };
}

const changing: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);
