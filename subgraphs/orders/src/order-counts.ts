import { requirePortal } from '@signet/access';
import { readInTenant } from '@signet/db';
import { countOrders, countPlacedLastDay, findOrdersPlaced } from './order-counts.queries.ts';
import type { DashboardResolvers } from './resolvers.generated.ts';

/** What orders adds to the portal's dashboard, whose id is the tenant's. */
export const dashboardResolvers: DashboardResolvers = {
  /** Answers for the caller's own tenant only. */
  __resolveReference(reference, ctx) {
    requirePortal(ctx.session, 'dashboard:read');
    return reference.id === ctx.tenantId ? { id: ctx.tenantId } : null;
  },
  async orders(_dashboard, _args, ctx) {
    requirePortal(ctx.session, 'dashboard:read');
    const [byStatus, placedLastDay] = await Promise.all([
      readInTenant(ctx.db, ctx.tenantId, countOrders),
      readInTenant(ctx.db, ctx.tenantId, countPlacedLastDay),
    ]);
    return { ...byStatus, placedLastDay };
  },
  ordersPlaced(_dashboard, { range }, ctx) {
    requirePortal(ctx.session, 'dashboard:read');
    return readInTenant(ctx.db, ctx.tenantId, (trx) => findOrdersPlaced(trx, range));
  },
};
