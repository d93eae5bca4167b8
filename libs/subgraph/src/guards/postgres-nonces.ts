import type { NonceStore } from '../proof/operation-proof.ts';

/** What is used of a pool: `pg.Pool` is one, and any client of PostgreSQL with this method. */
export type NoncePool = {
  query(text: string, values?: unknown[]): Promise<{ rowCount: number | null }>;
};

/** A name, or `schema.name`, that needs no quotes. */
const tableForm = /^([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}$/;
/** Longer than a proof is accepted, as far as the clocks of replicas and database differ. */
const margin = "interval '60 seconds'";
const pruneEveryMs = 60_000;

/**
 * Keeps nonces in a table of PostgreSQL, for all replicas of a subgraph. The table is made if it is not there. It is unlogged: after a crash of
 * the server it is empty, and a mutation of the 30 s before could be sent once more.
 *
 * @param pool a pool whose role may insert into and delete from the table, and make it where it is missing.
 * @throws {TypeError} for a name that would need quotes. @throws {Error} of the pool, where the table cannot be made.
 */
export async function openPostgresNonceStore(
  pool: NoncePool,
  { table = 'signet_nonce', onPruneFailure = () => {} }: PostgresNonceOptions = {},
): Promise<NonceStore> {
  if (!tableForm.test(table)) throw new TypeError(`'${table}' is no name of a table in small letters`);
  if (!(await hasTable(pool, table))) await createTable(pool, table);
  let prunedAt = performance.now();
  return {
    async use(nonce, expiresAt) {
      if (performance.now() - prunedAt >= pruneEveryMs) {
        prunedAt = performance.now();
        pool.query(`delete from ${table} where expires_at < now() - ${margin}`).catch(onPruneFailure);
      }
      const inserted = await pool.query(
        `insert into ${table} (nonce, expires_at) values ($1, $2) on conflict do nothing`,
        [nonce, expiresAt],
      );
      return inserted.rowCount === 1;
    },
  };
}

export type PostgresNonceOptions = {
  /** Default: `signet_nonce` in the first schema of the role's search path. */
  table?: string;
  /** Called where old nonces could not be deleted. The store works all the same. */
  onPruneFailure?(error: unknown): void;
};

async function hasTable(pool: NoncePool, table: string): Promise<boolean> {
  const { rowCount } = await pool.query('select 1 where to_regclass($1) is not null', [table]);
  return rowCount === 1;
}

async function createTable(pool: NoncePool, table: string): Promise<void> {
  try {
    await pool.query(
      `create unlogged table if not exists ${table} (nonce text primary key, expires_at timestamptz not null)`,
    );
  } catch (error) {
    // Two replicas that start at once: PostgreSQL lets both try, and refuses one.
    if (!(await hasTable(pool, table))) throw error;
  }
}
