import { migrateToLatest, rollback } from '@signet/db';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { addShopRows } from './shop-rows.test-support.ts';

// Texts as versions before wrote them, and what the upgrade makes of them.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const composed = 'Caf\u00e9';
const decomposed = 'Cafe\u0301';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

async function takeBack(migration: string): Promise<void> {
  let undone: string[] = [];
  while (!undone.includes(migration)) {
    undone = await rollback(database.adminUrl);
    if (undone.length === 0) throw new Error(`${migration} had not run`);
  }
}

/** Brings the database up to date. Returns the warnings. */
async function upgrade(): Promise<string[]> {
  const warnings: string[] = [];
  const spy = vi.spyOn(process, 'emitWarning').mockImplementation((text) => void warnings.push(String(text)));
  await migrateToLatest(database.adminUrl);
  spy.mockRestore();
  return warnings;
}

it('keys of orders are found by both spellings; of a pair that was used, both stay', async () => {
  await takeBack('orders/0002-reservations');
  const { tenant, user, order } = await addShopRows(database, 'acme');
  const keys = [decomposed, `${composed}!`, `${decomposed}!`];
  await database.query(
    `insert into orders.idempotency_key (tenant_id, user_id, order_id, operation, key, input_hash)
     select $1, $2, $3, 'placeOrder', key, sha256('i') from unnest($4::text[]) key`,
    [tenant, user, order, keys],
  );
  expect(await upgrade()).toEqual([expect.stringContaining('orders.idempotency_key: 1 rows keep their key')]);
  const rows = await database.query(`select key from orders.idempotency_key where key <> 'k'`);
  expect(rows.map(({ key }) => key).sort()).toEqual([composed, `${composed}!`, `${decomposed}!`].sort());
});

it('an order that is open at the upgrade has the whole time from then on, and one that expired counts as cancelled without it', async () => {
  await takeBack('orders/0002-reservations');
  const { order } = await addShopRows(database, 'acme');
  await database.query(`update orders.order set placed_at = now() - interval '90 days'`);
  await upgrade();
  const [row] = await database.query(
    `select status, reserved_until > now() + interval '2 days' as has_time from orders.order where id = $1`,
    [order],
  );
  expect(row).toEqual({ status: 'placed', has_time: true });
  await database.query(`update orders.order set status = 'expired', expired_at = now()`);
  await takeBack('orders/0002-reservations');
  const [before] = await database.query(
    `select status, cancelled_at is not null as has_time from orders.order`,
  );
  expect(before).toEqual({ status: 'cancelled', has_time: true });
});

it('names and SKUs of the catalog have one spelling; of SKUs that are the same, all stay and are named', async () => {
  await takeBack('catalog/0003-normal-texts');
  const tenant = await database.addTenant('acme');
  const skus = [decomposed, `${composed}!`, `${decomposed}!`];
  const products = await database.query(
    `with category as (
       insert into catalog.category (tenant_id, slug, name) values ($1, 'lamps', $2) returning id
     )
     insert into catalog.product (tenant_id, category_id, sku, name, price_amount, currency)
     select $1, id, sku, $2, 1, 'EUR' from category, unnest($3::text[]) sku returning id, sku`,
    [tenant, decomposed, skus],
  );
  const kept = products.find(({ sku }) => sku === `${decomposed}!`);
  expect(await upgrade()).toEqual([
    `catalog.product: 1 rows keep their sku, which is another row's in another spelling (ids: ${kept?.id})`,
  ]);
  const rows = await database.query('select sku, name from catalog.product order by created_at, id');
  expect(rows.map(({ sku }) => sku).sort()).toEqual([composed, `${composed}!`, `${decomposed}!`].sort());
  expect(rows.map(({ name }) => name)).toEqual([composed, composed, composed]);
  expect(await database.query('select name from catalog.category')).toEqual([{ name: composed }]);
});
