import {
  AbortedTransactionError,
  type CompiledQuery,
  type Kysely,
  SingleConnectionProvider,
  type Transaction,
} from 'kysely';
import { retryConflicts } from './conflicts.ts';
import type { PooledClient } from './pool/fair-pool.ts';
import { poolOf } from './pool/pooled-dialect.ts';
import { getResult, type Statement } from './pool/watched-client.ts';
import { noteProgress, usePrimary } from './request-scope.ts';
import { setForTenant } from './tenant-settings.ts';
import { createQueryConnection, createTransactionHandle, toQueryResult } from './transaction-handle.ts';

/**
 * Runs `fn` in one transaction that sees the rows of this tenant only. Every change of tenant data goes through here, and every read that
 * must see the same rows as a change; other reads go through `readInTenant`. The row policies read `app.tenant`, and without it there are no
 * rows. The setting ends with the transaction. No statement gets more than the time that its request (`inRequest`) had left when
 * the transaction began. `fn` runs again from the start where the transaction lost to another one (`retryConflicts`), so all
 * that it does must be in the transaction.
 *
 * The beginning is sent with the first statement, so a transaction of n statements takes n + 1 round trips.
 *
 * @throws {OutOfTimeError} when the request has no time left
 */
export async function inTenant<DB, T>(
  db: Kysely<DB>,
  tenantId: string,
  fn: (trx: Transaction<DB>) => Promise<T>,
): Promise<T> {
  usePrimary();
  const result = await retryConflicts(() => runTransaction(db, tenantId, fn));
  noteProgress();
  return result;
}

async function runTransaction<DB, T>(
  db: Kysely<DB>,
  tenantId: string,
  fn: (trx: Transaction<DB>) => Promise<T>,
): Promise<T> {
  const client = await poolOf(db).connect();
  let mustEnd = false;
  try {
    const transaction = new TenantTransaction(client, [begin, setForTenant(tenantId, { isReadOnly: false })]);
    const connection = createQueryConnection((query) => transaction.execute(query));
    try {
      const result = await fn(createTransactionHandle(db, new SingleConnectionProvider(connection)));
      await transaction.commit();
      return result;
    } catch (error) {
      mustEnd = !(await transaction.rollBack());
      throw error;
    }
  } finally {
    client.release(mustEnd);
  }
}

const begin: Statement = { text: 'begin', values: [] };

/** Nothing is sent before the first statement, and then the setup with it. */
class TenantTransaction {
  readonly #client: PooledClient;
  readonly #setup: readonly Statement[];
  #state: 'new' | 'begun' | 'over' = 'new';

  constructor(client: PooledClient, setup: readonly Statement[]) {
    this.#client = client;
    this.#setup = setup;
  }

  async execute({ sql: text, parameters: values }: CompiledQuery) {
    // The connection may serve another tenant by now.
    if (this.#state === 'over') throw new Error('The transaction is over.');
    const setup = this.#state === 'new' ? this.#setup : [];
    this.#state = 'begun';
    if (values.length === 0 && text.includes(';')) return this.#executeSeveral(text, setup);
    const [outcome] = await this.#client.run([{ text, values }], setup);
    return toQueryResult(getResult(outcome));
  }

  /** The extended protocol takes one statement in a text, the simple one takes several. */
  async #executeSeveral(text: string, setup: readonly Statement[]) {
    if (setup.length > 0) (await this.#client.run([], setup)).forEach(getResult);
    const { rows = [] } = await this.#client.query<object>(text, []);
    return { rows };
  }

  /** @throws {AbortedTransactionError} where a statement had failed: the server has undone the transaction. */
  async commit(): Promise<void> {
    const command = await this.#end('commit');
    if (command === 'ROLLBACK') throw new AbortedTransactionError();
  }

  /** @returns whether the connection can be used again. What went wrong is known already. */
  async rollBack(): Promise<boolean> {
    return this.#end('rollback').then(
      () => true,
      () => false,
    );
  }

  async #end(text: 'commit' | 'rollback'): Promise<string | undefined> {
    const isBegun = this.#state === 'begun';
    this.#state = 'over';
    if (!isBegun) return undefined;
    const { command } = await this.#client.query(text, []);
    return command;
  }
}
