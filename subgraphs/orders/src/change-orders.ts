import { requirePortal } from '@signet/access';
import { inTenant } from '@signet/db';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import { closeOrder, findOrderForUpdate } from './change-orders.queries.ts';
import { requireCustomer } from './policies.ts';
import type { MutationResolvers } from './resolvers.generated.ts';

export const cancelOrder: NonNullable<MutationResolvers['cancelOrder']> = async (_parent, args, ctx) => {
  const { userId } = requireCustomer(ctx.session, 'orders:write');
  const id = readId('id', args.id);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const order = await findOrderForUpdate(trx, { id, userId });
    if (!order) throw badInput('id', 'There is no such order.');
    if (order.status === 'shipped') throw badInput('id', "The order was shipped: it can't be cancelled.");
    return order.status === 'cancelled' ? order : closeOrder(trx, id, 'cancelled');
  });
};

export const markOrderShipped: NonNullable<MutationResolvers['markOrderShipped']> = async (
  _parent,
  args,
  ctx,
) => {
  requirePortal(ctx.session, 'orders:ship');
  const id = readId('id', args.id);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const order = await findOrderForUpdate(trx, { id });
    if (!order) throw badInput('id', 'There is no such order.');
    if (order.status === 'cancelled') throw badInput('id', "The order was cancelled: it can't be shipped.");
    return order.status === 'shipped' ? order : closeOrder(trx, id, 'shipped');
  });
};
