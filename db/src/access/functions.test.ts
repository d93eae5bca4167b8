import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ProcessRole, processRoles } from '../roles.ts';
import { createRoleClients, type RoleClients } from './role-client.test-support.ts';
import { addTenantRows, type TenantRows } from './tenant-rows.test-support.ts';

// Functions that run as the owner of the tables: each published to one role, for its own tenant.
const published: readonly (readonly [call: string, caller: ProcessRole])[] = [
  [`catalog.prices_for_order('{}')`, 'signet_orders'],
  [`inventory.reserve('{}', '{}')`, 'signet_orders'],
  [`inventory.release('{}', '{}')`, 'signet_orders'],
  [`inventory.ship('{}', '{}')`, 'signet_orders'],
  ['inventory.counts(5)', 'signet_portal'],
  ['orders.counts()', 'signet_portal'],
  [`auth.end_customer_sessions('0199c2f4-7a10-7000-8000-000000000001')`, 'signet_portal'],
  [`auth.suspend_customer('0199c2f4-7a10-7000-8000-000000000001')`, 'signet_portal'],
  [`auth.reinstate_customer('0199c2f4-7a10-7000-8000-000000000001')`, 'signet_portal'],
];
// Housekeeping: what has expired of all tenants, so these look at no tenant.
const pruning: (readonly [call: string, caller: ProcessRole])[] = [
  ...(['user', 'portal'] as const).flatMap((platform) =>
    ['refresh_tokens', 'sessions', 'revocations', 'proof_nonces'].map(
      (what) => [`auth.prune_${platform}_${what}(1)`, `signet_auth_${platform}`] as const,
    ),
  ),
  ['orders.prune_idempotency_keys(1)', 'signet_orders'],
  ...(['portal', 'catalog', 'inventory', 'orders'] as const).map(
    (schema) => [`${schema}.prune_proof_nonces(1)`, `signet_${schema}`] as const,
  ),
];
// What is of the platform and of no tenant.
const ofThePlatform: readonly (readonly [call: string, caller: ProcessRole])[] = [
  ['auth.key_events(1, null, null, null, null, null)', 'signet_portal'],
];
const movements = ['reserve', 'release', 'ship'] as const;

let database: TestDatabase;
let roles: RoleClients;
let acme: TenantRows;
let globex: TenantRows;

beforeAll(async () => {
  database = await createTestDatabase();
  roles = createRoleClients(database);
  acme = await addTenantRows(database, 'acme');
  globex = await addTenantRows(database, 'globex');
});
afterAll(async () => {
  await roles.close();
  await database.drop();
});

const asOrders = () => roles.as('signet_orders');

/** On hand and reserved, of both tenants. */
async function readStock(): Promise<string> {
  const rows = await database.query(
    `select on_hand || '/' || reserved as stock from inventory.stock where product_id = any($1) order by tenant_id = $2 desc`,
    [[acme.product, globex.product], acme.tenant],
  );
  return rows.map(({ stock }) => stock).join(' ');
}

describe('a published function', () => {
  it('is in this list', async () => {
    const rows = await database.query(
      `select p.oid::regproc::text as name from pg_proc p where prosecdef and prorettype <> 'trigger'::regtype and pronamespace::regnamespace::text !~ '^pg_' order by 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual(
      [...published, ...pruning, ...ofThePlatform].map(([call]) => call.split('(')[0]).sort(),
    );
  });

  it.each([...published, ...pruning, ...ofThePlatform])(
    '%s: called by %s, refused to the others',
    async (call, caller) => {
      for (const role of processRoles) {
        const client = await roles.as(role);
        const refusal = await client.refusalOf(`select * from ${call}`);
        if (role === caller) expect(refusal).toBeUndefined();
        else expect(refusal, role).toMatch(/^42501 permission denied for (function|schema)/);
      }
    },
  );
});

describe.each(movements)('inventory.%s', (movement) => {
  const call = `select inventory.${movement}($1::uuid[], $2::integer[]) as failed`;

  it.each(['another tenant set', 'no tenant set', 'an empty tenant set'])(
    "names another tenant's product as failed and leaves it as it is: %s",
    async (title) => {
      const client = await asOrders();
      await client.query('begin');
      if (title === 'another tenant set') await setTenant(client, acme.tenant);
      if (title === 'an empty tenant set') await setTenant(client, '');
      const { rows } = await client.query(call, [[globex.product], [1]]);
      await client.query('commit');
      expect(rows).toEqual([{ failed: globex.product }]);
      expect(await readStock()).toBe('10/2 10/2');
    },
  );

  it('moves no more than the rule allows, not even in several lines', async () => {
    const client = await asOrders();
    await client.query('begin');
    await setTenant(client, acme.tenant);
    const { rows } = await client.query(call, [Array(9).fill(acme.product), Array(9).fill(1)]);
    await client.query('rollback');
    expect(rows).toEqual([{ failed: acme.product }]);
  });

  it.each([
    ['no products', null, []],
    ['no quantities', [], null],
    ['fewer quantities than products', ['own'], []],
    ['a product that is null', [null], [1]],
    ['a quantity that is null', ['own'], [null]],
    ['a quantity of 0', ['own'], [0]],
    ['a negative quantity', ['own'], [-5]],
  ])('refuses %s', async (_title, products, quantities) => {
    const client = await asOrders();
    const ids = products?.map((product) => (product === 'own' ? acme.product : product)) ?? null;
    const refusal = await client.tryInTenant(acme.tenant, () => client.refusalOf(call, [ids, quantities]));
    expect(refusal).toMatch(/^P0001 (product_ids and quantities differ|a line needs)/);
    expect(await readStock()).toBe('10/2 10/2');
  });
});

describe('what the other functions tell', () => {
  it("catalog.prices_for_order: nothing of another tenant's products", async () => {
    const client = await asOrders();
    const ask = () =>
      client.query('select product_id from catalog.prices_for_order($1)', [[acme.product, globex.product]]);
    expect((await client.tryInTenant(acme.tenant, ask)).rows).toEqual([{ product_id: acme.product }]);
    expect((await client.tryInTenant(undefined, ask)).rows).toEqual([]);
    expect((await client.tryInTenant('', ask)).rows).toEqual([]);
  });

  it('the counts: of this tenant only, zero without one', async () => {
    const client = await roles.as('signet_portal');
    const count = async () => {
      const { rows } = await client.query(
        'select placed::int, products_low_on_stock::int as low from orders.counts() as orders, inventory.counts(9) as stock',
      );
      return rows[0];
    };
    expect(await client.tryInTenant(acme.tenant, count)).toEqual({ placed: 1, low: 1 });
    expect(await client.tryInTenant(undefined, count)).toEqual({ placed: 0, low: 0 });
  });

  it('auth.key_events: what was done to keys, no row of any tenant, and no more than a page', async () => {
    await database.query(
      `insert into auth.audit_event (tenant_id, kind, platform)
       select null, 'auth.key.published', 'user' from generate_series(1, 150)
       union all values ($1::uuid, 'auth.key.rotated', 'user'), ($2::uuid, 'auth.logout', 'user'), (null, 'auth.logout', 'user')`,
      [acme.tenant, globex.tenant],
    );
    const client = await roles.as('signet_portal');
    const ask = async () => {
      const { rows } = await client.query(
        `select kind, count(*)::int as count from auth.key_events(1000, null, null, null, null, null) group by kind`,
      );
      return rows;
    };
    for (const tenant of [acme.tenant, globex.tenant, '', undefined]) {
      expect(await client.tryInTenant(tenant, ask)).toEqual([{ kind: 'auth.key.published', count: 101 }]);
    }
  });

  it.each(published)('%s: a malformed tenant is an error', async (call, caller) => {
    const client = await roles.as(caller);
    const lines = call.replaceAll(`'{}', '{}'`, `array['${acme.product}']::uuid[], '{1}'`);
    const refusal = await client.tryInTenant('x', () => client.refusalOf(`select * from ${lines}`));
    expect(refusal).toMatch(/^22P02 /);
  });
});

function setTenant(client: { query(sql: string, values: unknown[]): Promise<unknown> }, tenant: string) {
  return client.query(`select set_config('app.tenant', $1, true)`, [tenant]);
}
