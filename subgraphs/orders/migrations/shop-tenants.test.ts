import { createTestDatabase } from '@signet/testing/database';
import { expect, it } from 'vitest';
import { connectAs } from '../../../db/src/access/role-client.test-support.ts';
import { testTenantsApart } from '../../../db/src/access/tenants-apart-suite.test-support.ts';
import { addShopRows, addShopTallies, type ShopRows } from './shop-rows.test-support.ts';

const viewer = (order: string, user: string) => ({
  namespace: 'order',
  object: order,
  relation: 'viewer',
  subject: `user:${user}`,
});

// The tables of the whole shop refer to each other: one suite for the three subgraphs.
testTenantsApart<ShopRows>({
  roles: ['signet_catalog', 'signet_inventory', 'signet_orders'],
  async addRows(database, slug) {
    const rows = await addShopRows(database, slug);
    await addShopTallies(database, rows.tenant);
    return rows;
  },
  ofFunctionsAlone: ['catalog.product_search'],
  changes: [
    ['signet_catalog', 'update catalog.product set price_amount = 1'],
    ['signet_inventory', 'update inventory.stock set on_hand = 5'],
    ['signet_orders', `update orders.order set status = 'cancelled', cancelled_at = now()`],
    ['signet_orders', 'update orders.idempotency_key set order_id = null'],
    ['signet_orders', 'delete from access.relation_tuple'],
  ],
  inserts: [
    [
      'signet_catalog',
      'catalog.product',
      ({ category }) => ({
        category_id: category,
        sku: 'N-1',
        name: 'New',
        price_amount: 1,
        currency: 'EUR',
      }),
    ],
    ['signet_orders', 'orders.order', ({ user }) => ({ user_id: user, total_amount: 1, currency: 'EUR' })],
    [
      'signet_orders',
      'orders.idempotency_key',
      ({ user }) => ({ user_id: user, operation: 'x', key: 'k', input_hash: Buffer.alloc(32) }),
    ],
  ],
  foreign: [
    [
      'signet_orders',
      "an order of another tenant's customer",
      'orders.order',
      (_own, other) => ({ user_id: other.user, total_amount: 1, currency: 'EUR' }),
    ],
    [
      'signet_orders',
      "an item of another tenant's order",
      'orders.order_item',
      (own, other) => ({
        order_id: other.order,
        product_id: own.product,
        position: 2,
        quantity: 1,
        unit_price_amount: 1,
      }),
    ],
    [
      'signet_inventory',
      "stock of another tenant's product",
      'inventory.stock',
      (_own, other) => ({ product_id: other.product, on_hand: 1 }),
    ],
    [
      'signet_catalog',
      "a product in another tenant's category",
      'catalog.product',
      (_own, other) => ({
        category_id: other.category,
        sku: 'N',
        name: 'N',
        price_amount: 1,
        currency: 'EUR',
      }),
    ],
    [
      'signet_orders',
      "a viewer of another tenant's order",
      'access.relation_tuple',
      (_own, other) => viewer(other.order, other.user),
    ],
  ],
  relations: [
    [
      'signet_orders',
      'order',
      ({ order, user }) => viewer(order, user),
      ({ user }) => ({
        namespace: 'customer',
        object: user,
        relation: 'assignee',
        subject: `staff:${user}`,
      }),
    ],
  ],
});

it('an order has viewers, who are customers, and no other relation', async () => {
  const database = await createTestDatabase();
  {
    const { tenant, order, user } = await addShopRows(database, 'acme');
    await using client = await connectAs(database.urlOf('signet_orders'));
    for (const change of [{ relation: 'owner' }, { subject: `staff:${user}` }]) {
      const tuple = { ...viewer(order, user), ...change };
      const refusal = await client.tryInTenant(tenant, () =>
        client.refusalOf(
          'insert into access.relation_tuple (tenant_id, namespace, object, relation, subject) values ($1, $2, $3, $4, $5)',
          [tenant, tuple.namespace, tuple.object, tuple.relation, tuple.subject],
        ),
      );
      expect(refusal).toMatch(/^23514 .*known_order_relation/);
    }
  }
  await database.drop();
});
