import { dateTimeScalar } from '@signet/subgraph';
import { orders } from './all-orders/all-orders.ts';
import { cancelOrder } from './cancel-order/cancel-order.ts';
import { markOrderShipped } from './mark-order-shipped/mark-order-shipped.ts';
import { myOrders } from './my-orders/my-orders.ts';
import { orderItemResolvers, orderResolvers } from './order/order.resolvers.ts';
import { order } from './order/order.ts';
import { placeOrder } from './place-order/place-order.ts';
import type { Resolvers } from './resolvers.generated.ts';
import { shareOrder } from './share-order/share-order.ts';
import { unshareOrder } from './unshare-order/unshare-order.ts';
import { userResolvers } from './user-orders/user-orders.ts';

export const resolvers: Resolvers = {
  DateTime: dateTimeScalar,
  Query: { order, orders, myOrders },
  Mutation: { placeOrder, cancelOrder, markOrderShipped, shareOrder, unshareOrder },
  Order: orderResolvers,
  OrderItem: orderItemResolvers,
  User: userResolvers,
};
