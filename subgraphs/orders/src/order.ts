import { findId, readId } from '@signet/subgraph';
import type { GraphqlContext, OrderModel } from './context.ts';
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
    const items = row.items ?? (await ctx.loaders.itemsOfOrder.load(row.id));
    return items.map((item) => ({ ...item, currency: row.currency }));
  },
  total: (row) => ({ amount: row.total_amount, currency: row.currency }),
  placedAt: (row) => row.placed_at,
  shippedAt: (row, _args, ctx) => ofWhole(row, ctx, ({ shipped_at }) => shipped_at),
  cancelledAt: (row, _args, ctx) => ofWhole(row, ctx, ({ cancelled_at }) => cancelled_at),
  reservedUntil: (row, _args, ctx) =>
    row.status === 'placed' ? ofWhole(row, ctx, ({ reserved_until }) => reserved_until) : null,
  expiredAt: (row, _args, ctx) => ofWhole(row, ctx, ({ expired_at }) => expired_at),
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

/** A page knows beforehand which of its orders' columns are asked for. Of an order that came without them, they are read now. */
function ofWhole<T>(
  row: OrderModel,
  { loaders }: GraphqlContext,
  read: (whole: OrderRow) => T,
): T | Promise<T | null> {
  if ('shipped_at' in row) return read(row);
  return loaders.order.load(row.id).then((whole) => (whole ? read(whole) : null));
}

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
