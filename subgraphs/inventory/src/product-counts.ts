import { requirePortal } from '@signet/access';
import { readInTenant } from '@signet/db';
import type { DashboardResolvers } from './resolvers.generated.ts';
import { countProducts } from './stock.queries.ts';

/** What inventory adds to the portal's dashboard, whose id is the tenant's. */
export const dashboardResolvers: DashboardResolvers = {
  /** Answers for the caller's own tenant only. */
  __resolveReference(reference, ctx) {
    requirePortal(ctx.session, 'dashboard:read');
    return reference.id === ctx.tenantId ? { id: ctx.tenantId } : null;
  },
  async products(_dashboard, _args, ctx) {
    requirePortal(ctx.session, 'dashboard:read');
    return readInTenant(ctx.db, ctx.tenantId, countProducts);
  },
};
