import { inTenant } from '@signet/db';
import { readId } from '@signet/subgraph';
import { readPriceAmount } from '../price.ts';
import { getProduct } from '../product.queries.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { requireCatalogStaff } from '../staff-access.ts';

export const changeProductPrice: NonNullable<MutationResolvers['changeProductPrice']> = async (
  _parent,
  { input },
  ctx,
) => {
  requireCatalogStaff(ctx.session);
  const id = readId('productId', input.productId);
  const amount = readPriceAmount(input.amount);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    await trx
      .updateTable('catalog.product')
      .set({ price_amount: amount, updated_at: new Date() })
      .where('id', '=', id)
      .execute();
    return getProduct(trx, 'productId', id);
  });
};
