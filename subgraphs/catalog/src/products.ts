import { inTenant } from '@signet/db';
import { countWhenAsked, createConnection, readPage, readText, toTotalCount } from '@signet/subgraph';
import { findCategoryId } from './product.queries.ts';
import { productOrders } from './product-orders.ts';
import { countProducts, findProductPage } from './products.queries.ts';
import type { ProductFilter, QueryResolvers } from './resolvers.generated.ts';

const maxSlugLength = 63;
const maxTextLength = 100;

export const products: NonNullable<QueryResolvers['products']> = async (_parent, args, ctx) => {
  const order = productOrders[args.sort];
  const page = readPage(args, order.codec);
  const { category, text } = readFilter(args.filter ?? {});
  const { rows, filter } = await inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const categoryId = category === undefined ? undefined : await findCategoryId(trx, category);
    if (category !== undefined && categoryId === undefined) return { rows: [], filter: undefined };
    const values = { categoryId, text };
    return { rows: await findProductPage(trx, values, order, page), filter: values };
  });
  return {
    ...createConnection(rows, page, order.codec, order.positionOf),
    // Without a filter there is no such category, and nothing to count.
    ...countWhenAsked(async () =>
      filter ? inTenant(ctx.db, ctx.tenantId, (trx) => countProducts(trx, filter)) : toTotalCount(0),
    ),
  };
};

/** An empty text filters nothing: a search field that was cleared. */
function readFilter({ category, text }: ProductFilter) {
  return {
    category: category ? readText('category', category, { max: maxSlugLength }) : undefined,
    text: text ? readText('text', text, { min: 0, max: maxTextLength }) || undefined : undefined,
  };
}
