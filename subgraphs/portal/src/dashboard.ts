import { requirePortal } from '@signet/access';
import { type Database, readInTenant } from '@signet/db';
import type { Transaction } from 'kysely';
import type { GraphqlContext } from './context.ts';
import {
  countCustomers,
  countSupportNotes,
  findLag,
  findTimeline,
  type TimelineName,
} from './dashboard.queries.ts';
import type { DashboardResolvers, QueryResolvers } from './resolvers.generated.ts';

export const dashboard: NonNullable<QueryResolvers['dashboard']> = (_parent, _args, ctx) => {
  requirePortal(ctx.session, 'dashboard:read');
  return { id: ctx.tenantId };
};

export const dashboardResolvers: DashboardResolvers = {
  /** Answers for the caller's own tenant only. */
  __resolveReference(reference, ctx) {
    requirePortal(ctx.session, 'dashboard:read');
    return reference.id === ctx.tenantId ? { id: ctx.tenantId } : null;
  },
  customers: (_dashboard, _args, ctx) => read(ctx, countCustomers),
  supportNotes: (_dashboard, _args, ctx) => read(ctx, countSupportNotes),
  signIns: timelineOf('signIns'),
  refusals: timelineOf('refusals'),
  throttles: timelineOf('throttles'),
  accounts: timelineOf('accounts'),
  lag: (_dashboard, { range }, ctx) => read(ctx, (trx) => findLag(trx, range)),
};

export const portalHealth: NonNullable<QueryResolvers['portalHealth']> = (_parent, _args, ctx) => {
  requirePortal(ctx.session);
  return 'ok';
};

/** What the dashboard asks the database: the caller's own tenant, and the scope once more. */
function read<T>(ctx: GraphqlContext, find: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  requirePortal(ctx.session, 'dashboard:read');
  return readInTenant(ctx.db, ctx.tenantId, find);
}

function timelineOf(name: TimelineName): NonNullable<DashboardResolvers['signIns']> {
  return (_dashboard, { range }, ctx) => read(ctx, (trx) => findTimeline(trx, name, range));
}
