import { findId } from '@signet/subgraph';
import type { OrderItemResolvers, OrderResolvers, OrderStatus } from '../resolvers.generated.ts';
import { findVisibleOrder } from './order.ts';

export const orderResolvers: OrderResolvers = {
  async __resolveReference(reference, ctx) {
    const id = findId(reference.id);
    return id ? findVisibleOrder(ctx, id) : null;
  },
  status: (row) => row.status.toUpperCase() as OrderStatus,
  async items(row, _args, ctx) {
    const items = await ctx.loaders.itemsOfOrder.load(row.id);
    return items.map((item) => ({ ...item, currency: row.currency }));
  },
  total: (row) => ({ amount: row.total_amount, currency: row.currency }),
  placedAt: (row) => row.placed_at,
  shippedAt: (row) => row.shipped_at,
  cancelledAt: (row) => row.cancelled_at,
  customer: (row) => ({ id: row.user_id }),
  async sharedWith(row, _args, ctx) {
    const userIds = await ctx.loaders.viewersOfOrder.load(row.id);
    return userIds.map((id) => ({ id }));
  },
};

export const orderItemResolvers: OrderItemResolvers = {
  product: (item) => ({ id: item.product_id }),
  unitPrice: (item) => ({ amount: item.unit_price_amount, currency: item.currency }),
  lineTotal: (item) => ({ amount: item.unit_price_amount * item.quantity, currency: item.currency }),
};
