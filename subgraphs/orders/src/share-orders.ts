import { addRelation, inTenant, removeRelation } from '@signet/db';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import { findOrderForUpdate } from './change-orders.queries.ts';
import { findViewers, forgetViewers, viewerTuple } from './order-viewers.ts';
import { requireCustomer } from './policies.ts';
import type { MutationResolvers } from './resolvers.generated.ts';

const maxViewers = 50;

export const shareOrder: NonNullable<MutationResolvers['shareOrder']> = async (_parent, { input }, ctx) => {
  const { userId } = requireCustomer(ctx.session, 'orders:write');
  const orderId = readId('orderId', input.orderId);
  const viewerId = readId('userId', input.userId);
  const order = await inTenant(ctx.db, ctx.tenantId, async (trx) => {
    // The lock lasts until the commit, so that of several that share one order each counts the viewers before it.
    const row = await findOrderForUpdate(trx, { id: orderId, userId });
    if (!row) throw badInput('orderId', 'There is no such order.');
    if (viewerId === userId) throw badInput('userId', 'The order is your own.');
    const [viewers = []] = await findViewers(trx, [orderId]);
    if (viewers.includes(viewerId)) return row;
    if (viewers.length >= maxViewers) {
      throw badInput('userId', `An order can be shared with ${maxViewers} customers.`);
    }
    if (await addRelation(trx, ctx.tenantId, viewerTuple(orderId, viewerId))) {
      throw badInput('userId', 'There is no such customer.');
    }
    return row;
  });
  forgetViewers(ctx, orderId);
  return order;
};

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
