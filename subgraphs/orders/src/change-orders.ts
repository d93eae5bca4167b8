import { requirePortalOrService } from '@signet/access';
import { inTenant } from '@signet/db';
import { subgraphAuditKind } from '@signet/schema/contract';
import { badInput } from '@signet/service';
import { isImpersonated } from '@signet/session';
import { readId } from '@signet/subgraph';
import { auditChange } from '@signet/subgraph/define';
import { closeOrder, findOrderForUpdate } from './change-orders.queries.ts';
import { requireCustomer } from './policies.ts';
import type { MutationResolvers } from './resolvers.generated.ts';

const orderCancelled = subgraphAuditKind('orders', 'order.cancelled');
const orderShipped = subgraphAuditKind('orders', 'order.shipped');

export const cancelOrder: NonNullable<MutationResolvers['cancelOrder']> = async (_parent, args, ctx) => {
  const { userId } = requireCustomer(ctx.session, 'orders:write', { orImpersonated: true });
  const id = readId('id', args.id);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const order = await findOrderForUpdate(trx, { id, userId });
    if (!order) throw badInput('id', 'There is no such order.');
    if (order.status === 'shipped') throw badInput('id', "The order was shipped: it can't be cancelled.");
    if (order.status === 'expired') throw badInput('id', 'The order has expired: its stock was given back.');
    if (order.status === 'cancelled') return order;
    if (isImpersonated(ctx.session)) {
      await auditChange(trx, ctx, { kind: orderCancelled, subjectId: userId, details: { orderId: id } });
    }
    return closeOrder(trx, id, 'cancelled');
  });
};

export const markOrderShipped: NonNullable<MutationResolvers['markOrderShipped']> = async (
  _parent,
  args,
  ctx,
) => {
  requirePortalOrService(ctx.session, 'orders:ship');
  const id = readId('id', args.id);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const order = await findOrderForUpdate(trx, { id });
    if (!order) throw badInput('id', 'There is no such order.');
    if (order.status === 'cancelled') throw badInput('id', "The order was cancelled: it can't be shipped.");
    if (order.status === 'expired') {
      throw badInput('id', 'The order has expired: its stock was given back. Its customer can order again.');
    }
    if (order.status === 'shipped') return order;
    await auditChange(trx, ctx, { kind: orderShipped, subjectId: order.user_id, details: { orderId: id } });
    return closeOrder(trx, id, 'shipped');
  });
};
