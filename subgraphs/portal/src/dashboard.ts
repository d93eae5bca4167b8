import { requirePortal } from '@signet/access';
import { readInTenant } from '@signet/db';
import type { GraphqlContext } from './context.ts';
import type { Dashboard, DashboardResolvers, QueryResolvers } from './resolvers.generated.ts';

export const dashboard: NonNullable<QueryResolvers['dashboard']> = (_parent, _args, ctx) => getDashboard(ctx);

export const dashboardResolvers: DashboardResolvers = {
  /** Answers for the caller's own tenant only. */
  __resolveReference(reference, ctx) {
    requirePortal(ctx.session, 'dashboard:read');
    return reference.id === ctx.tenantId ? getDashboard(ctx) : null;
  },
};

export const portalHealth: NonNullable<QueryResolvers['portalHealth']> = (_parent, _args, ctx) => {
  requirePortal(ctx.session);
  return 'ok';
};

/** @throws {RefusalError} for anyone but staff with the scope `dashboard:read`. */
async function getDashboard(ctx: GraphqlContext): Promise<Dashboard> {
  requirePortal(ctx.session, 'dashboard:read');
  const counts = await readInTenant(ctx.db, ctx.tenantId, (trx) =>
    trx
      .selectNoFrom((eb) => [
        eb
          .selectFrom('auth.user')
          .select(({ fn }) => fn.count<number>('id').as('count'))
          .$asScalar()
          .$notNull()
          .as('customers'),
        eb
          .selectFrom('portal.support_note')
          .select(({ fn }) => fn.count<number>('id').as('count'))
          .$asScalar()
          .$notNull()
          .as('supportNotes'),
      ])
      .executeTakeFirstOrThrow(),
  );
  return { id: ctx.tenantId, ...counts };
}
