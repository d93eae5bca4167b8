import { readInTenant } from '@signet/db';
import { countWhenAsked, createConnection, readPage, readText, selectedFields } from '@signet/subgraph';
import { detailFields } from './product.ts';
import { productOrders } from './product-orders.ts';
import { countProducts, findProductPage } from './products.queries.ts';
import type { ProductFilter, QueryResolvers } from './resolvers.generated.ts';

const maxSlugLength = 63;
const maxTextLength = 100;

export const products: NonNullable<QueryResolvers['products']> = async (_parent, args, ctx, info) => {
  const order = productOrders[args.sort];
  const page = readPage(args, order.codec);
  const selected = selectedFields(info, 'edges', 'node');
  const isListed = args.sort !== 'NEWEST' && !detailFields.some((field) => selected.has(field));
  const { category, text } = readFilter(args.filter ?? {});
  const filter = { categorySlug: category, text };
  const rows = await readInTenant(ctx.db, ctx.tenantId, (trx) =>
    findProductPage(trx, filter, order, { ...page, isListed }),
  );
  return {
    ...createConnection(rows, page, order.codec, order.positionOf),
    ...countWhenAsked(() => readInTenant(ctx.db, ctx.tenantId, (trx) => countProducts(trx, filter))),
  };
};

/** An empty text filters nothing: a search field that was cleared. */
function readFilter({ category, text }: ProductFilter) {
  return {
    category: category ? readText('category', category, { max: maxSlugLength }) : undefined,
    text: text ? readText('text', text, { min: 0, max: maxTextLength }) || undefined : undefined,
  };
}
