import { inTenant } from '@signet/db';
import type { QueryResolvers } from '../resolvers.generated.ts';

export const categories: NonNullable<QueryResolvers['categories']> = (_parent, _args, ctx) =>
  inTenant(ctx.db, ctx.tenantId, (trx) =>
    trx.selectFrom('catalog.category').select(['id', 'slug', 'name']).orderBy('name').orderBy('id').execute(),
  );
