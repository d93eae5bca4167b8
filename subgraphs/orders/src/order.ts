import { findId, readId } from '@signet/subgraph';
import type { GraphqlContext } from './context.ts';
import type { OrderRow } from './order.queries.ts';
import { viewerTuple } from './order-viewers.ts';
import { canSeeOrdersOf, requireOrderReader } from './policies.ts';
import type {
  OrderItemResolvers,
  OrderResolvers,
  OrderStatus,
  QueryResolvers,
} from './resolvers.generated.ts';

export const order: NonNullable<QueryResolvers['order']> = (_parent, args, ctx) =>
  findVisibleOrder(ctx, readId('id', args.id));

export const orderResolvers: OrderResolvers = {
  async __resolveReference(reference, ctx) {
    const id = findId(reference.id);
    return id ? findVisibleOrder(ctx, id) : null;
  },
  status: (row) => row.status.toUpperCase() as OrderStatus,
  async items(row, _args, ctx) {
    const items = 'items' in row ? row.items : await ctx.loaders.itemsOfOrder.load(row.id);
    return items.map((item) => ({ ...item, currency: row.currency }));
  },
  total: (row) => ({ amount: row.total_amount, currency: row.currency }),
  placedAt: (row) => row.placed_at,
  shippedAt: (row) => row.shipped_at,
  cancelledAt: (row) => row.cancelled_at,
  reservedUntil: (row) => (row.status === 'placed' ? row.reserved_until : null),
  expiredAt: (row) => row.expired_at,
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

/**
 * Null for somebody else's order as for one that does not exist: nobody finds ids by trying them. The caller is checked
 * before anything is read.
 */
async function findVisibleOrder(ctx: GraphqlContext, id: string): Promise<OrderRow | null> {
  const caller = requireOrderReader(ctx.session);
  const row = await ctx.loaders.order.load(id);
  if (!row) return null;
  if (canSeeOrdersOf(caller, row.user_id)) return row;
  return caller.platform === 'user' && (await ctx.relations.check(viewerTuple(row.id, caller.userId)))
    ? row
    : null;
}
