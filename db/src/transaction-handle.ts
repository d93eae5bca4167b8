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

/** A transaction of kysely, as queries take it, whose statements run where `provider` says. It can neither begin nor end one. */
export function createTransactionHandle<DB>(db: Kysely<DB>, provider: ConnectionProvider): Transaction<DB> {
  const executor = db.getExecutor().withConnectionProvider(provider);
  return new Transaction<DB>({ config: { dialect }, dialect, driver, executor });
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
