import { addRelation, inTenant } from '@signet/db';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import { requireCustomer } from '../order-access.ts';
import { findOrderForUpdate } from '../order-changes.queries.ts';
import { findViewers } from '../order-viewers.queries.ts';
import { forgetViewers, viewerTuple } from '../order-viewers.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

const maxViewers = 50;

export const shareOrder: NonNullable<MutationResolvers['shareOrder']> = async (_parent, { input }, ctx) => {
  const { userId } = requireCustomer(ctx.session, 'orders:write');
  const orderId = readId('orderId', input.orderId);
  const viewerId = readId('userId', input.userId);
  const order = await inTenant(ctx.db, ctx.tenantId, async (trx) => {
    // Held until the end: of several that share one order, none counts before the other's is there.
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
