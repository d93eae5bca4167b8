import { inTenant } from '@signet/db';
import { badInput } from '@signet/service';
import { readText } from '@signet/subgraph';
import { readCurrency, readPriceAmount } from '../price.ts';
import { getProduct } from '../product.queries.ts';
import type { CreateProductInput, MutationResolvers } from '../resolvers.generated.ts';
import { requireCatalogStaff } from '../staff-access.ts';
import { findCategoryId, insertProduct } from './create-product.queries.ts';

export const createProduct: NonNullable<MutationResolvers['createProduct']> = async (
  _parent,
  { input },
  ctx,
) => {
  requireCatalogStaff(ctx.session);
  const { categorySlug, ...values } = readInput(input);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const categoryId = await findCategoryId(trx, categorySlug);
    if (categoryId === undefined) throw badInput('category', 'There is no such category.');
    const id = await insertProduct(trx, { tenant_id: ctx.tenantId, category_id: categoryId, ...values });
    if (id === undefined) throw badInput('sku', 'Another product has this SKU.');
    return getProduct(trx, 'sku', id);
  });
};

function readInput({ sku, name, description, category, price }: CreateProductInput) {
  return {
    sku: readText('sku', sku, { max: 64 }),
    name: readText('name', name, { max: 200 }),
    description: readText('description', description ?? '', { min: 0, max: 4000 }),
    categorySlug: readText('category', category, { max: 63 }),
    price_amount: readPriceAmount(price.amount),
    currency: readCurrency(price.currency),
  };
}
