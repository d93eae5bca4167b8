import { inTenant } from '@signet/db';
import { readId } from '@signet/subgraph';
import { requireOrderStaff } from '../order-access.ts';
import { createOrderConnection, readOrderPage } from '../order-page.ts';
import type { QueryResolvers } from '../resolvers.generated.ts';
import type { OrderStatus } from '../tables.ts';
import { findOrderPage } from './all-orders.queries.ts';

export const orders: NonNullable<QueryResolvers['orders']> = async (_parent, args, ctx) => {
  requireOrderStaff(ctx.session, 'orders:read');
  const page = readOrderPage(args);
  const filter = {
    status: args.status ? (args.status.toLowerCase() as OrderStatus) : undefined,
    userId: typeof args.customerId === 'string' ? readId('customerId', args.customerId) : undefined,
  };
  const rows = await inTenant(ctx.db, ctx.tenantId, (trx) => findOrderPage(trx, filter, page));
  return createOrderConnection(rows, page);
};
