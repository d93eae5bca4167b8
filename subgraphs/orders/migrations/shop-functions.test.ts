import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connectAs,
  createRoleClients,
  type RoleClients,
} from '../../../db/src/access/role-client.test-support.ts';
import { addShopRows, type ShopRows } from './shop-rows.test-support.ts';

// Functions of the shop that run as the owner of the tables, for the tenant of their caller.
const movements = ['reserve', 'release', 'ship'] as const;

let database: TestDatabase;
let roles: RoleClients;
let acme: ShopRows;
let globex: ShopRows;

beforeAll(async () => {
  database = await createTestDatabase();
  roles = createRoleClients(database);
  acme = await addShopRows(database, 'acme');
  globex = await addShopRows(database, 'globex');
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

it('idempotency keys go after seven days', async () => {
  await database.query(
    `insert into orders.idempotency_key (tenant_id, user_id, operation, key, input_hash, created_at)
     select $1, $1, 'prune', n::text, sha256('i'), now() - n * interval '1 day' from unnest(array[1, 6, 8, 30]) n`,
    [acme.tenant],
  );
  const client = await asOrders();
  const { rows } = await client.query('select orders.prune_idempotency_keys(1000) as pruned');
  expect(rows).toEqual([{ pruned: 2 }]);
  const left = await database.query(
    `select key from orders.idempotency_key where operation = 'prune' order by 1`,
  );
  expect(left.map(({ key }) => key)).toEqual(['1', '6']);
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

  it.each([`catalog.prices_for_order('{}')`, ...movements.map((name) => `inventory.${name}('{}', '{}')`)])(
    '%s: a malformed tenant is an error',
    async (call) => {
      const client = await asOrders();
      const lines = call.replaceAll(`'{}', '{}'`, `array['${acme.product}']::uuid[], '{1}'`);
      const refusal = await client.tryInTenant('x', () => client.refusalOf(`select * from ${lines}`));
      expect(refusal).toMatch(/^22P02 /);
    },
  );
});

describe('a temporary type that bears the name of one which a published function uses', () => {
  // Under search_path = '' PostgreSQL still looks for types among temporary ones first; a domain's check runs as the role
  // that casts to it, here the owner of all tables. Closed twice: roles make nothing temporary, and the names are qualified.
  async function attack(broken: TestDatabase): Promise<string[]> {
    const { tenant, product } = await addShopRows(broken, 'acme');
    const [{ name }] = await broken.query('select quote_ident(current_database()) as name');
    await broken.query(`grant temporary on database ${name} to signet_orders`);
    await using client = await connectAs(broken.urlOf('signet_orders'));
    await client.query('create temporary table who (name text)');
    await client.query('grant all on who to public');
    await client.query(
      `create function pg_temp.spy(pg_catalog.uuid) returns boolean language plpgsql as
       $$ begin insert into pg_temp.who values (current_user); return true; end $$`,
    );
    await client.query('create domain pg_temp.uuid as pg_catalog.uuid check (pg_temp.spy(value))');
    await client.query('create type pg_temp.record as (product_id pg_catalog.uuid, quantity int)');
    await client.query(`select set_config('app.tenant', $1, false)`, [tenant]);
    const { rows } = await client.query(`select inventory.reserve($1::pg_catalog.uuid[], '{1}') as failed`, [
      [product],
    ]);
    expect(rows).toEqual([{ failed: null }]);
    return (await client.query('select distinct name from who')).rows.map((row) => row.name);
  }

  it('is not used, even where the role may make one', async () => {
    const broken = await createTestDatabase();
    expect(await attack(broken)).toEqual([]);
    await broken.drop();
  });

  it('would run as the owner if the name were not qualified: this test sees it', async () => {
    const broken = await createTestDatabase();
    const [{ definition }] = await broken.query(
      `select pg_get_functiondef('inventory.reserve'::regproc) as definition`,
    );
    await broken.query(definition.replaceAll('::pg_catalog.uuid', '::uuid'));
    expect(await attack(broken)).toEqual(['signet_owner']);
    await broken.drop();
  });
});

function setTenant(client: { query(sql: string, values: unknown[]): Promise<unknown> }, tenant: string) {
  return client.query(`select set_config('app.tenant', $1, true)`, [tenant]);
}
