import { inTenant } from '@signet/db';
import { readId } from '@signet/subgraph';
import { getProduct } from '../product.queries.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { requireCatalogStaff } from '../staff-access.ts';

export const archiveProduct: NonNullable<MutationResolvers['archiveProduct']> = async (
  _parent,
  args,
  ctx,
) => {
  requireCatalogStaff(ctx.session);
  const id = readId('id', args.id);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const now = new Date();
    await trx
      .updateTable('catalog.product')
      .set({ archived_at: now, updated_at: now })
      .where('id', '=', id)
      .where('archived_at', 'is', null)
      .execute();
    return getProduct(trx, 'id', id);
  });
};
