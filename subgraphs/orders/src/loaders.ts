import { type Database, inTenant } from '@signet/db';
import DataLoader from 'dataloader';
import type { Kysely } from 'kysely';
import { findItems, findOrders, type OrderItemRow, type OrderRow } from './order.queries.ts';
import type { OrderPage } from './order-page.ts';
import { findOrdersOfUsers } from './user-orders/user-orders.queries.ts';

/** A page of one customer's orders. */
export type UserOrdersKey = { userId: string; page: OrderPage };

export type Loaders = {
  order: DataLoader<string, OrderRow | undefined>;
  itemsOfOrder: DataLoader<string, OrderItemRow[]>;
  ordersOfUser: DataLoader<UserOrdersKey, OrderRow[], string>;
};

/** One set a request: what a loader has read is never shown to anybody else. */
export function createLoaders(db: Kysely<Database>, tenantId: string): Loaders {
  return {
    order: new DataLoader(async (ids) => {
      const rows = await inTenant(db, tenantId, (trx) => findOrders(trx, ids));
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id));
    }),
    itemsOfOrder: new DataLoader(async (orderIds) => {
      const rows = await inTenant(db, tenantId, (trx) => findItems(trx, orderIds));
      const byOrder = Map.groupBy(rows, (row) => row.order_id);
      return orderIds.map((id) => byOrder.get(id) ?? []);
    }),
    ordersOfUser: new DataLoader((keys) => loadOrdersOfUsers(db, tenantId, keys), {
      cacheKeyFn: ({ userId, page }) => `${userId} ${pageKey(page)}`,
    }),
  };
}

/** Customers on one page are asked the same thing: one statement for all of them. */
async function loadOrdersOfUsers(
  db: Kysely<Database>,
  tenantId: string,
  keys: readonly UserOrdersKey[],
): Promise<OrderRow[][]> {
  const found = await inTenant(db, tenantId, async (trx) => {
    const rows = new Map<string, OrderRow[]>();
    for (const [asked, group] of Map.groupBy(keys, ({ page }) => pageKey(page))) {
      const [{ page }] = group as [UserOrdersKey];
      const userIds = group.map(({ userId }) => userId);
      for (const row of await findOrdersOfUsers(trx, userIds, page)) {
        const key = `${row.user_id} ${asked}`;
        rows.set(key, [...(rows.get(key) ?? []), row]);
      }
    }
    return rows;
  });
  return keys.map(({ userId, page }) => found.get(`${userId} ${pageKey(page)}`) ?? []);
}

function pageKey({ first, after }: OrderPage): string {
  return JSON.stringify([first, after]);
}
