import { type Database, readInTenant } from '@signet/db';
import { loadOwnedPages, type OwnedPage, ownedPageKey } from '@signet/subgraph';
import type { SubgraphContext } from '@signet/subgraph/define';
import DataLoader from 'dataloader';
import type { Kysely } from 'kysely';
import type { OrderSettings } from '../settings.ts';
import {
  type BriefOrderRow,
  findItems,
  findOrders,
  findOrdersOfUsers,
  type ListedOrderRow,
  type OrderItemRow,
  type OrderParts,
  type OrderRow,
} from './order.queries.ts';
import { findViewers } from './order-viewers.ts';

/** What a resolver has. */
export type GraphqlContext = SubgraphContext<Loaders, OrderSettings>;

/** What resolvers hand to each other for the GraphQL types of the same names. */
export type OrderModel = ListedOrderRow;
export type OrderItemModel = Omit<OrderItemRow, 'order_id'> & { currency: string };
/** Nothing but an id. The rule on `User.orders` decides whether the caller may see this customer's orders. */
export type UserModel = { id: string };
/** The id of the caller's own tenant. */
export type DashboardModel = { id: string };

export type Loaders = {
  /** Orders that this request has read already, by id. */
  knownOrders: ReadonlyMap<string, BriefOrderRow>;
  order: DataLoader<string, OrderRow | undefined>;
  itemsOfOrder: DataLoader<string, OrderItemRow[]>;
  viewersOfOrder: DataLoader<string, string[]>;
  /** Pages with these parts. */
  ordersOfUser(parts: OrderParts): DataLoader<OwnedPage<number>, ListedOrderRow[], string>;
};

/** One set for each request: what a loader has read is never shown to anybody else. */
export function createLoaders(db: Kysely<Database>, tenantId: string): Loaders {
  const knownOrders = new Map<string, BriefOrderRow>();
  const order: Loaders['order'] = new DataLoader(async (ids) => {
    const rows = await readInTenant(db, tenantId, (trx) => findOrders(trx, ids));
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const row of rows) knownOrders.set(row.id, row);
    return ids.map((id) => byId.get(id));
  });
  const createPageLoader = (parts: OrderParts): ReturnType<Loaders['ordersOfUser']> =>
    new DataLoader(
      async (keys) => {
        const pages = await readInTenant(db, tenantId, (trx) =>
          loadOwnedPages(
            keys,
            (row: ListedOrderRow) => row.user_id,
            (userIds, page) => findOrdersOfUsers(trx, userIds, page, parts),
          ),
        );
        // The policy of orders looks for each of them. They are read already.
        for (const row of pages.flat()) {
          knownOrders.set(row.id, row);
          if ('shipped_at' in row) order.prime(row.id, row);
        }
        return pages;
      },
      { cacheKeyFn: ownedPageKey },
    );
  const pageLoaders = new Map<string, ReturnType<Loaders['ordersOfUser']>>();
  return {
    knownOrders,
    order,
    itemsOfOrder: new DataLoader(async (orderIds) => {
      const rows = await readInTenant(db, tenantId, (trx) => findItems(trx, orderIds));
      const byOrder = Map.groupBy(rows, (row) => row.order_id);
      return orderIds.map((id) => byOrder.get(id) ?? []);
    }),
    viewersOfOrder: new DataLoader((orderIds) =>
      readInTenant(db, tenantId, (trx) => findViewers(trx, orderIds)),
    ),
    ordersOfUser(parts) {
      const key = `${parts.isWhole} ${parts.hasItems}`;
      const loader = pageLoaders.get(key) ?? createPageLoader(parts);
      pageLoaders.set(key, loader);
      return loader;
    },
  };
}
