import type { TestDatabase } from '@signet/testing/database';
import pg from 'pg';
import type { ProcessRole } from '../roles.ts';

/** One connection; ended by `await using`, or by closing the RoleClients that it came from. */
export type RoleClient = {
  query(sql: string, values?: unknown[]): Promise<pg.QueryResult>;
  /** How PostgreSQL refuses the statement: its code and text. Undefined where it does not. Nothing stays of it. */
  refusalOf(sql: string, values?: unknown[]): Promise<string | undefined>;
  /** The same without a transaction around it, for statements that want none. What it does stays. */
  refusalOutsideOf(sql: string): Promise<string | undefined>;
  /** Runs `fn` as inTenant does, and takes back what it did. Undefined: a transaction that sets no tenant. */
  tryInTenant<T>(tenant: string | undefined, fn: () => Promise<T>): Promise<T>;
  [Symbol.asyncDispose](): Promise<void>;
};

export async function connectAs(url: string, role?: string): Promise<RoleClient> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  if (role) await client.query(`set role ${role}`);
  let isInTransaction = false;
  const refusalOutsideOf = (sql: string, values?: unknown[]) =>
    client.query(sql, values).then(
      () => undefined,
      ({ code, message }) => `${code} ${message}`,
    );
  return {
    query: (sql, values) => client.query(sql, values),
    refusalOutsideOf,
    async refusalOf(sql, values) {
      await client.query(isInTransaction ? 'savepoint attempt' : 'begin');
      const refusal = await refusalOutsideOf(sql, values);
      await client.query(isInTransaction ? 'rollback to savepoint attempt' : 'rollback');
      return refusal;
    },
    async tryInTenant(tenant, fn) {
      await client.query('begin');
      isInTransaction = true;
      try {
        if (tenant !== undefined) await client.query(`select set_config('app.tenant', $1, true)`, [tenant]);
        return await fn();
      } finally {
        isInTransaction = false;
        await client.query('rollback');
      }
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}

export type RoleClients = { as(role: ProcessRole): Promise<RoleClient>; close(): Promise<void> };

/** A connection for each role, opened when it is first asked for: to sign in takes longer than most tests. */
export function createRoleClients(database: TestDatabase): RoleClients {
  const clients = new Map<ProcessRole, Promise<RoleClient>>();
  return {
    as(role) {
      const client = clients.get(role) ?? connectAs(database.urlOf(role));
      clients.set(role, client);
      return client;
    },
    async close() {
      for (const client of clients.values()) await (await client)[Symbol.asyncDispose]();
    },
  };
}
