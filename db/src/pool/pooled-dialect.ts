import { type Kysely, PostgresAdapter, PostgresDialect } from 'kysely';
import type { Replicas } from '../replicas.ts';
import type { FairPool } from './fair-pool.ts';

class PooledAdapter extends PostgresAdapter {
  readonly pool: FairPool;
  readonly replicas: Replicas | undefined;

  constructor(pool: FairPool, replicas: Replicas | undefined) {
    super();
    this.pool = pool;
    this.replicas = replicas;
  }
}

/** kysely's dialect for PostgreSQL, whose pool `poolOf` finds, and whose replicas `replicasOf` does. */
export class PooledDialect extends PostgresDialect {
  readonly #pool: FairPool;
  readonly #replicas: Replicas | undefined;

  constructor(pool: FairPool, replicas?: Replicas) {
    super({ pool });
    this.#pool = pool;
    this.#replicas = replicas;
  }

  override createAdapter(): PooledAdapter {
    return new PooledAdapter(this.#pool, this.#replicas);
  }
}

/** What a pool can be measured by. */
export function watchPool<DB>(db: Kysely<DB>): Pick<FairPool, 'count' | 'onConnect'> {
  return poolOf(db);
}

/** Undefined where the database has none. */
export function replicasOf<DB>(db: Kysely<DB>): Replicas | undefined {
  const { adapter } = db.getExecutor();
  return adapter instanceof PooledAdapter ? adapter.replicas : undefined;
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
