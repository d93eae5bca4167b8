import pg from 'pg';

/** One connection, to be `await using`: ended at the end of the block. */
export type RoleClient = {
  query(sql: string, values?: unknown[]): Promise<pg.QueryResult>;
  /** How PostgreSQL refuses the statement: its code and text. Undefined where it does not. Nothing stays of it. */
  refusalOf(sql: string, values?: unknown[]): Promise<string | undefined>;
  /** Runs `fn` as inTenant does, and takes back what it did. Undefined: a transaction that sets no tenant. */
  tryInTenant<T>(tenant: string | undefined, fn: () => Promise<T>): Promise<T>;
  [Symbol.asyncDispose](): Promise<void>;
};

export async function connectAs(url: string, role?: string): Promise<RoleClient> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  if (role) await client.query(`set role ${role}`);
  const query: RoleClient['query'] = (sql, values) => client.query(sql, values);
  return {
    query,
    async refusalOf(sql, values) {
      await client.query('savepoint attempt').catch(() => client.query('begin; savepoint attempt'));
      try {
        await client.query(sql, values);
        return undefined;
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        return `${code} ${message}`;
      } finally {
        await client.query('rollback to savepoint attempt');
      }
    },
    async tryInTenant(tenant, fn) {
      await client.query('begin');
      try {
        if (tenant !== undefined) await client.query(`select set_config('app.tenant', $1, true)`, [tenant]);
        return await fn();
      } finally {
        await client.query('rollback');
      }
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}
