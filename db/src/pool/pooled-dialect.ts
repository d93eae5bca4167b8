import { type Kysely, PostgresAdapter, PostgresDialect } from 'kysely';
import type { FairPool } from './fair-pool.ts';

class PooledAdapter extends PostgresAdapter {
  readonly pool: FairPool;

  constructor(pool: FairPool) {
    super();
    this.pool = pool;
  }
}

/** kysely's dialect for PostgreSQL, whose pool `poolOf` finds. */
export class PooledDialect extends PostgresDialect {
  readonly #pool: FairPool;

  constructor(pool: FairPool) {
    super({ pool });
    this.#pool = pool;
  }

  override createAdapter(): PooledAdapter {
    return new PooledAdapter(this.#pool);
  }
}

/** What a pool can be measured by. */
export function watchPool<DB>(db: Kysely<DB>): Pick<FairPool, 'count' | 'onConnect'> {
  return poolOf(db);
}

/**
 * The pool of a database that `createDatabase` made.
 *
 * @throws {TypeError} for any other, and for a transaction, which has a connection already
 */
export function poolOf<DB>(db: Kysely<DB>): FairPool {
  const { adapter } = db.getExecutor();
  if (!(adapter instanceof PooledAdapter))
    throw new TypeError('The database was not made by createDatabase.');
  if (db.isTransaction) throw new TypeError('A transaction has its tenant already.');
  return adapter.pool;
}
