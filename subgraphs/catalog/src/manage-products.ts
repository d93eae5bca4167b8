import { requirePortalOrService } from '@signet/access';
import { inTenant } from '@signet/db';
import { subgraphAuditKind } from '@signet/schema/contract';
import { badInput } from '@signet/service';
import { readId, readInteger, readText } from '@signet/subgraph';
import { auditChange } from '@signet/subgraph/define';
import { sql } from 'kysely';
import { findCategoryId, getProduct, insertProduct } from './product.queries.ts';
import type { CreateProductInput, MutationResolvers } from './resolvers.generated.ts';

const priceChanged = subgraphAuditKind('catalog', 'price.changed');
const productArchived = subgraphAuditKind('catalog', 'product.archived');

const maxPriceAmount = 10_000_000;
const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

export const createProduct: NonNullable<MutationResolvers['createProduct']> = async (
  _parent,
  { input },
  ctx,
) => {
  requirePortalOrService(ctx.session, 'catalog:write');
  const { categorySlug, ...values } = readProduct(input);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const categoryId = await findCategoryId(trx, categorySlug);
    if (categoryId === undefined) throw badInput('category', 'There is no such category.');
    const id = await insertProduct(trx, { tenant_id: ctx.tenantId, category_id: categoryId, ...values });
    if (id === undefined) throw badInput('sku', 'Another product has this SKU.');
    return getProduct(trx, 'sku', id);
  });
};

export const changeProductPrice: NonNullable<MutationResolvers['changeProductPrice']> = async (
  _parent,
  { input },
  ctx,
) => {
  requirePortalOrService(ctx.session, 'catalog:write');
  const id = readId('productId', input.productId);
  const amount = readPriceAmount(input.amount);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const before = await trx
      .updateTable('catalog.product')
      .set({ price_amount: amount, updated_at: new Date() })
      .where('id', '=', id)
      .returning(sql<number>`old.price_amount`.as('amount'))
      .executeTakeFirst();
    if (before && before.amount !== amount) {
      const details = { productId: id, from: before.amount, to: amount };
      await auditChange(trx, ctx, { kind: priceChanged, details });
    }
    return getProduct(trx, 'productId', id);
  });
};

export const archiveProduct: NonNullable<MutationResolvers['archiveProduct']> = async (
  _parent,
  args,
  ctx,
) => {
  requirePortalOrService(ctx.session, 'catalog:write');
  const id = readId('id', args.id);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const now = new Date();
    const { numUpdatedRows } = await trx
      .updateTable('catalog.product')
      .set({ archived_at: now, updated_at: now })
      .where('id', '=', id)
      .where('archived_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows > 0n) {
      await auditChange(trx, ctx, { kind: productArchived, details: { productId: id } });
    }
    return getProduct(trx, 'id', id);
  });
};

function readProduct({ sku, name, description, category, price }: CreateProductInput) {
  return {
    sku: readText('sku', sku, { max: 64 }),
    name: readText('name', name, { max: 200 }),
    description: readText('description', description ?? '', { min: 0, max: 4000 }),
    categorySlug: readText('category', category, { max: 63 }),
    price_amount: readPriceAmount(price.amount),
    currency: readCurrency(price.currency),
  };
}

function readPriceAmount(amount: number): number {
  return readInteger('amount', amount, { min: 1, max: maxPriceAmount });
}

function readCurrency(currency: string): string {
  if (!currencies.has(currency)) {
    throw badInput('currency', 'The currency must be an ISO 4217 code in capitals, like EUR.');
  }
  return currency;
}
