import { inTenant } from '@signet/db';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import { requireOrderStaff } from '../order-access.ts';
import { closeOrder, findOrderForUpdate } from '../order-changes.queries.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const markOrderShipped: NonNullable<MutationResolvers['markOrderShipped']> = async (
  _parent,
  args,
  ctx,
) => {
  requireOrderStaff(ctx.session, 'orders:ship');
  const id = readId('id', args.id);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const order = await findOrderForUpdate(trx, { id });
    if (!order) throw badInput('id', 'There is no such order.');
    if (order.status === 'cancelled') throw badInput('id', "The order was cancelled: it can't be shipped.");
    return order.status === 'shipped' ? order : closeOrder(trx, id, 'shipped');
  });
};
