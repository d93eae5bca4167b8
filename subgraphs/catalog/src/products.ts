import { inTenant } from '@signet/db';
import { createConnection, readPage, readText } from '@signet/subgraph';
import {
  countProducts,
  findProductPage,
  type ProductFilterValues,
  productOrders,
} from './products.queries.ts';
import type { ProductConnectionResolvers, ProductFilter, QueryResolvers } from './resolvers.generated.ts';

const maxSlugLength = 63;
const maxTextLength = 100;

export const products: NonNullable<QueryResolvers['products']> = async (_parent, args, ctx) => {
  const order = productOrders[args.sort];
  const page = readPage(args, order.codec);
  const filter = readFilter(args.filter ?? {});
  const rows = await inTenant(ctx.db, ctx.tenantId, (trx) => findProductPage(trx, filter, order, page));
  return { ...createConnection(rows, page, order.codec, order.positionOf), filter };
};

export const productConnectionResolvers: ProductConnectionResolvers = {
  totalCount: (connection, _args, ctx) =>
    inTenant(ctx.db, ctx.tenantId, (trx) => countProducts(trx, connection.filter)),
};

/** An empty text filters nothing: a search field that was cleared. */
function readFilter({ category, text }: ProductFilter): ProductFilterValues {
  return {
    category: category ? readText('category', category, { max: maxSlugLength }) : undefined,
    text: text ? readText('text', text, { min: 0, max: maxTextLength }) || undefined : undefined,
  };
}
