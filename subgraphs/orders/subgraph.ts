import { keepTally } from '@signet/db';
import { defineSubgraph } from '@signet/subgraph/define';
import { settings } from './settings.ts';
import { cancelOrder, markOrderShipped } from './src/change-orders.ts';
import { createLoaders } from './src/context.ts';
import { expireOrders } from './src/expire-orders.ts';
import { order, orderItemResolvers, orderResolvers } from './src/order.ts';
import { orderTally } from './src/order-counts.queries.ts';
import { dashboardResolvers } from './src/order-counts.ts';
import { myOrders, orders, userResolvers } from './src/order-lists.ts';
import { personalData } from './src/personal-data.ts';
import { placeOrder } from './src/place-order.ts';
import { policies } from './src/policies.ts';
import type { Resolvers } from './src/resolvers.generated.ts';
import { shareOrder, unshareOrder } from './src/share-orders.ts';

export const resolvers: Resolvers = {
  Query: { order, orders, myOrders },
  Mutation: { placeOrder, cancelOrder, markOrderShipped, shareOrder, unshareOrder },
  Order: orderResolvers,
  OrderItem: orderItemResolvers,
  User: userResolvers,
  Dashboard: dashboardResolvers,
};

/** What customers order, and with whom they share it. */
export default defineSubgraph({
  name: 'orders',
  resolvers,
  policies,
  settings,
  createLoaders,
  // Deletes keys after a week: a client that repeats a request has had its answer long before.
  housekeeping: { idempotencyKeys: 'orders.prune_idempotency_keys' },
  everyMinute: { expiredOrders: expireOrders, countedTenants: keepTally(orderTally) },
  personalData,
});
