import { requirePortal } from '@signet/access';
import { readInTenant } from '@signet/db';
import { countOrders } from './order.queries.ts';
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
    const { placed_last_day: placedLastDay, ...byStatus } = await readInTenant(
      ctx.db,
      ctx.tenantId,
      countOrders,
    );
    return { ...byStatus, placedLastDay };
  },
};
