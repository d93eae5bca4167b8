import type { ConnectionProvider, Kysely, Transaction } from 'kysely';
import { retryConflicts } from './conflicts.ts';
import { poolOf, replicasOf } from './pool/pooled-dialect.ts';
import type { StatementOutcome, StatementResult } from './pool/statement-batch.ts';
import { getResult, type Statement } from './pool/watched-client.ts';
import { findRequest, noteProgress } from './request-scope.ts';
import { setForTenant } from './tenant-settings.ts';
import { createQueryConnection, createTransactionHandle, toQueryResult } from './transaction-handle.ts';

/**
 * Runs reads of one tenant's rows. All that a request reads in one tick, in however many calls, is one transaction and one round trip: the
 * settings and the statements are sent at once, and the transaction ends behind the last of them. A read that waits for another
 * one is sent after it, in a transaction of its own, so `fn` may see what others commit between its statements, as it may in
 * `inTenant`. The settings are the same as there: rows of other tenants do not exist, no statement gets more time than the request
 * has left. PostgreSQL refuses every change (25006).
 *
 * Where the database has replicas, a request that has changed nothing may be answered by one of them (`Replicas`).
 *
 * A read that fails fails alone: what was sent behind it is sent again.
 *
 * @throws {OutOfTimeError} when the request has no time left
 */
export async function readInTenant<DB, T>(
  db: Kysely<DB>,
  tenantId: string,
  fn: (trx: Transaction<DB>) => Promise<T>,
): Promise<T> {
  const handle = getHandle(db, tenantId);
  const result = await retryConflicts(() => fn(handle));
  noteProgress();
  return result;
}

type Handle = { db: unknown; tenantId: string; trx: unknown };

/** The handles of a request, kept on its scope. What the process does by itself has one for each call. */
const handlesKey = Symbol('handles');
type WithHandles = { [handlesKey]?: Handle[] };

function getHandle<DB>(db: Kysely<DB>, tenantId: string): Transaction<DB> {
  const request: WithHandles | undefined = findRequest();
  const known = request?.[handlesKey];
  const found = known?.find((handle) => handle.db === db && handle.tenantId === tenantId);
  if (found) return found.trx as Transaction<DB>;
  const reads = new TenantReads(db, tenantId);
  const trx = createTransactionHandle(db, reads.provider, (text, values) => reads.run(text, values));
  const handle = { db, tenantId, trx };
  if (known) known.push(handle);
  else if (request) request[handlesKey] = [handle];
  return trx;
}

type Read = {
  statement: Statement;
  resolve(outcome: StatementOutcome): void;
};

/** Reads of one tenant for one request. */
class TenantReads<DB> {
  readonly provider: ConnectionProvider;
  readonly #db: Kysely<DB>;
  readonly #tenantId: string;
  #waiting: Read[] = [];

  constructor(db: Kysely<DB>, tenantId: string) {
    this.#db = db;
    this.#tenantId = tenantId;
    const connection = createQueryConnection(async ({ sql, parameters }) =>
      toQueryResult(await this.run(sql, parameters)),
    );
    this.provider = { provideConnection: (consume) => consume(connection) };
  }

  async run(text: string, values: readonly unknown[]): Promise<StatementResult> {
    const outcome = await new Promise<StatementOutcome>((resolve) => {
      this.#waiting.push({ statement: { text, values }, resolve });
      if (this.#waiting.length === 1) atEndOfTick(() => this.#sendWaiting());
    });
    return getResult(outcome);
  }

  async #sendWaiting(): Promise<void> {
    let reads = this.#waiting;
    this.#waiting = [];
    try {
      while (reads.length > 0) reads = await this.#send(reads);
    } catch (error) {
      for (const { resolve } of reads) resolve({ error });
    }
  }

  /** @returns those that were not run, because one before them failed. */
  async #send(reads: readonly Read[]): Promise<Read[]> {
    const statements = reads.map(({ statement }) => statement);
    const setup = [setForTenant(this.#tenantId, { isReadOnly: true })];
    const outcomes =
      (await replicasOf(this.#db)?.run(statements, setup)) ?? (await this.#askPrimary(statements, setup));
    for (const [index, outcome] of outcomes.entries()) reads[index]?.resolve(outcome);
    return reads.slice(outcomes.length);
  }

  async #askPrimary(statements: readonly Statement[], setup: readonly Statement[]) {
    const client = await poolOf(this.#db).connect();
    try {
      return await client.run(statements, setup);
    } finally {
      client.release();
    }
  }
}

/** Behind everything that this tick still resolves, and behind the loaders that it has called: those ask in `process.nextTick`. */
function atEndOfTick(run: () => void): void {
  process.nextTick(() => void Promise.resolve().then(() => process.nextTick(run)));
}
