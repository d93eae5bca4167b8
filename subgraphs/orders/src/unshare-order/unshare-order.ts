import { inTenant, removeRelation } from '@signet/db';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import { requireCustomer } from '../order-access.ts';
import { findOrderForUpdate } from '../order-changes.queries.ts';
import { forgetViewers, viewerTuple } from '../order-viewers.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const unshareOrder: NonNullable<MutationResolvers['unshareOrder']> = async (
  _parent,
  { input },
  ctx,
) => {
  const { userId } = requireCustomer(ctx.session, 'orders:write');
  const orderId = readId('orderId', input.orderId);
  const viewerId = readId('userId', input.userId);
  const order = await inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const row = await findOrderForUpdate(trx, { id: orderId, userId });
    if (!row) throw badInput('orderId', 'There is no such order.');
    await removeRelation(trx, viewerTuple(orderId, viewerId));
    return row;
  });
  forgetViewers(ctx, orderId);
  return order;
};
