import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, inTenant } from '../database.ts';
import type { Database } from '../tables.ts';

// Tenants that take turns on pooled connections, with failures between: never another tenant's row.
const tenantCount = 5;
/** For a machine that is busy with other things. */
const patience = 120_000;
/** How many customers tenant number `index` has. */
const customersOf = (index: number) => index + 2;
let database: TestDatabase;
const tenants: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  for (let index = 0; index < tenantCount; index++) {
    const tenant = await database.addTenant(`tenant-${index}`);
    tenants.push(tenant);
    await database.query(
      `insert into auth.user (tenant_id, email, password_hash, pepper_id)
       select $1, n || '@example.com', '-', '-' from generate_series(1, $2) n`,
      [tenant, customersOf(index)],
    );
  }
});
afterAll(() => database.drop());

type Step = (db: Kysely<Database>, tenant: string, expected: number) => Promise<unknown>;
const readTenants = (db: Kysely<Database>) => db.selectFrom('auth.user').select('tenant_id').execute();

/** In a tenant's transaction: all its rows and nobody else's, at the beginning and at the end. */
const reads: Step = (db, tenant, expected) =>
  inTenant(db, tenant, async (trx) => {
    for (const rows of [await readTenants(trx), await readTenants(trx)]) {
      expect(rows).toEqual(Array(expected).fill({ tenant_id: tenant }));
    }
  });
const changesAll: Step = (db, tenant, expected) =>
  inTenant(db, tenant, async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('auth.user')
      .set({ updated_at: sql<Date>`now()` })
      .executeTakeFirstOrThrow();
    expect(numUpdatedRows).toBe(BigInt(expected));
  });
const withoutTenant: Step = async (db) => expect(await readTenants(db)).toEqual([]);
const emptyTenant: Step = (db) => inTenant(db, '', async (trx) => expect(await readTenants(trx)).toEqual([]));

/** Each fails in its own way with the tenant set, and after a read that was right. */
function fails(by: (db: Kysely<Database>) => Promise<unknown>): Step {
  return async (db, tenant, expected) => {
    const run = inTenant(db, tenant, async (trx) => {
      expect(await readTenants(trx)).toHaveLength(expected);
      await by(trx);
    });
    await expect(run).rejects.toThrow(
      /planned|division by zero|statement timeout|row-level security|invalid input/,
    );
  };
}
const failures: readonly Step[] = [
  fails(async () => {
    throw new Error('planned');
  }),
  fails((trx) => sql`select 1 / ${0}::int`.execute(trx)),
  fails(async (trx) => {
    await sql`set local statement_timeout = 5`.execute(trx);
    await sql`select pg_sleep(1)`.execute(trx);
  }),
  fails((trx) => sql`update auth.user set updated_at = ${'x'}`.execute(trx)),
  (db, tenant) =>
    expect(
      inTenant(db, `${tenant}0`, readTenants as (trx: Kysely<Database>) => Promise<unknown>),
    ).rejects.toThrow(/invalid input syntax for type uuid/),
];

/** Steps in an order that differs from tenant to tenant, the same each run. */
function* planSteps(count: number): Generator<[Step, number]> {
  const plain = [reads, changesAll, withoutTenant, reads, emptyTenant];
  for (let n = 0; n < count; n++) {
    const pool = n % 4 === 3 ? failures : plain;
    yield [pool[(n * 7) % pool.length] as Step, (n * n + 3 * n) % tenantCount];
  }
}

async function hammer(maxConnections: number, count: number): Promise<void> {
  await using db = createDatabase(database.urlOf('signet_auth_user'), { maxConnections });
  const failed: unknown[] = [];
  const steps = planSteps(count);
  // Some wait for a connection all the time, and none so long that a slow machine makes the pool give up.
  const takeSteps = async () => {
    for (const [step, index] of steps) {
      await step(db, tenants[index] as string, customersOf(index)).catch((error) => failed.push(error));
    }
  };
  await Promise.all(Array.from({ length: maxConnections + 4 }, takeSteps));
  expect(failed).toEqual([]);
  expect(await readTenants(db)).toEqual([]);
}

describe('tenants that take turns', () => {
  it('on one connection see their own rows only, whatever fails between', () => hammer(1, 600), patience);

  it('on several connections at once, too', () => hammer(6, 900), patience);

  it('leave each row with its tenant', async () => {
    const rows = await database.query(
      'select tenant_id, count(*)::int as count from auth.user group by tenant_id order by count',
    );
    expect(rows).toEqual(tenants.map((tenant_id, index) => ({ tenant_id, count: customersOf(index) })));
  });

  it('would be noticed if a tenant were to stay on its connection', async () => {
    await using db = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 1 });
    await sql`select set_config('app.tenant', ${tenants[0]}, false)`.execute(db);
    await expect(withoutTenant(db, '', 0)).rejects.toThrow(/to deeply equal \[\]/);
  });
});
