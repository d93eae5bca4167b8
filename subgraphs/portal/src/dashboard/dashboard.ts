import { inTenant } from '@signet/db';
import type { QueryResolvers } from '../resolvers.generated.ts';
import { requireStaff } from '../staff-access.ts';
import { getCounts } from './dashboard.queries.ts';

const lowStockBelow = 10;

export const dashboard: NonNullable<QueryResolvers['dashboard']> = async (_parent, _args, ctx) => {
  requireStaff(ctx.session, 'dashboard:read');
  const counts = await inTenant(ctx.db, ctx.tenantId, (trx) => getCounts(trx, lowStockBelow));
  return {
    customers: counts.customers,
    supportNotes: counts.support_notes,
    orders: {
      placed: counts.placed,
      shipped: counts.shipped,
      cancelled: counts.cancelled,
      placedLastDay: counts.placed_last_day,
    },
    products: { outOfStock: counts.products_out_of_stock, lowOnStock: counts.products_low_on_stock },
  };
};
