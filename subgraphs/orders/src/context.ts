import { type Database, readInTenant } from '@signet/db';
import { loadOwnedPages, type OwnedPage, ownedPageKey } from '@signet/subgraph';
import type { SubgraphContext } from '@signet/subgraph/define';
import DataLoader from 'dataloader';
import type { Kysely, Transaction } from 'kysely';
import type { OrderSettings } from '../settings.ts';
import {
  type FullOrderRow,
  findFullOrdersOfUsers,
  findItems,
  findOrders,
  findOrdersOfUsers,
  type OrderItemRow,
  type OrderPage,
  type OrderRow,
} from './order.queries.ts';
import { findViewers } from './order-viewers.ts';

/** What a resolver has. */
export type GraphqlContext = SubgraphContext<Loaders, OrderSettings>;

/** What resolvers hand to each other for the GraphQL types of the same names. */
export type OrderModel = OrderRow | FullOrderRow;
export type OrderItemModel = Omit<OrderItemRow, 'order_id'> & { currency: string };
/** Nothing but an id. The rule on `User.orders` decides whether the caller may see this customer's orders. */
export type UserModel = { id: string };
/** The id of the caller's own tenant. */
export type DashboardModel = { id: string };

export type Loaders = {
  /** Orders that this request has read already, by id. */
  knownOrders: ReadonlyMap<string, OrderRow>;
  order: DataLoader<string, OrderRow | undefined>;
  itemsOfOrder: DataLoader<string, OrderItemRow[]>;
  viewersOfOrder: DataLoader<string, string[]>;
  ordersOfUser: DataLoader<OwnedPage<number>, OrderRow[], string>;
  fullOrdersOfUser: DataLoader<OwnedPage<number>, FullOrderRow[], string>;
};

type FindPages<Row> = (
  trx: Transaction<Database>,
  userIds: readonly string[],
  page: OrderPage,
) => Promise<Row[]>;

/** One set for each request: what a loader has read is never shown to anybody else. */
export function createLoaders(db: Kysely<Database>, tenantId: string): Loaders {
  const knownOrders = new Map<string, OrderRow>();
  const order: Loaders['order'] = new DataLoader(async (ids) => {
    const rows = await readInTenant(db, tenantId, (trx) => findOrders(trx, ids));
    for (const row of rows) {
      knownOrders.set(row.id, row);
    }
    return ids.map((id) => knownOrders.get(id));
  });
  const pagesLoader = <Row extends OrderRow>(find: FindPages<Row>) =>
    new DataLoader(
      async (keys: readonly OwnedPage<number>[]) => {
        const pages = await readInTenant(db, tenantId, (trx) =>
          loadOwnedPages(
            keys,
            (row: Row) => row.user_id,
            (userIds, page) => find(trx, userIds, page),
          ),
        );
        // The policy of orders loads each of them by id. They are read already.
        for (const row of pages.flat()) {
          order.prime(row.id, row);
          knownOrders.set(row.id, row);
        }
        return pages;
      },
      { cacheKeyFn: ownedPageKey },
    );
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
    ordersOfUser: pagesLoader(findOrdersOfUsers),
    fullOrdersOfUser: pagesLoader(findFullOrdersOfUsers),
  };
}
