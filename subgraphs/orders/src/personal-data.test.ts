import { createDatabase, inTenant } from '@signet/db';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addShopRows, type ShopRows } from '../migrations/shop-rows.test-support.ts';
import { personalData } from './personal-data.ts';

let database: TestDatabase;
let db: ReturnType<typeof createDatabase>;
let shop: ShopRows;
let shops = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  db = createDatabase(database.urlOf('signet_orders'), { maxConnections: 1 });
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});
beforeEach(async () => {
  shops += 1;
  shop = await addShopRows(database, `shop-${shops}`);
});

const run = <T>(kind: 'export' | 'erase', tenantId = shop.tenant): Promise<T> =>
  inTenant(
    db,
    tenantId,
    async (trx) => (await personalData[kind]?.({ trx, tenantId, accountId: shop.user })) as T,
  );
const count = async (table: string) => {
  const [row] = await database.query(`select count(*)::integer as count from ${table} where tenant_id = $1`, [
    shop.tenant,
  ]);
  return row.count;
};

describe('personalData', () => {
  it('is the orders of the customer with their items, and how many see them, not who', async () => {
    expect(await run('export')).toEqual({
      orders: [
        {
          id: shop.order,
          status: 'placed',
          totalAmount: 1000,
          currency: 'EUR',
          placedAt: expect.any(Date),
          shippedAt: null,
          cancelledAt: null,
          expiredAt: null,
          items: [{ productId: shop.product, quantity: 2, unitPriceAmount: 500 }],
          sharedWithCustomers: 1,
        },
      ],
      ordersSharedWithYou: [{ orderId: shop.order, since: expect.any(Date) }],
    });
  });

  it('shows nothing in another tenant', async () => {
    const other = await addShopRows(database, `other-${shops}`);
    expect(await run('export', other.tenant)).toEqual({ orders: [], ordersSharedWithYou: [] });
  });

  it('after an erasure is amounts for bookkeeping: nothing is open, shared or kept of the client', async () => {
    const other = await addShopRows(database, `other-${shops}`);
    await run('erase');
    await run('erase');
    const [order] = await database.query('select status, total_amount from orders.order where id = $1', [
      shop.order,
    ]);
    expect(order).toEqual({ status: 'cancelled', total_amount: '1000' });
    const [stock] = await database.query(
      'select on_hand, reserved from inventory.stock where product_id = $1',
      [shop.product],
    );
    expect(stock).toEqual({ on_hand: 10, reserved: 0 });
    expect(await count('orders.idempotency_key')).toBe(0);
    expect(await count('access.relation_tuple')).toBe(0);
    const [untouched] = await database.query('select status from orders.order where id = $1', [other.order]);
    expect(untouched).toEqual({ status: 'placed' });
  });
});
