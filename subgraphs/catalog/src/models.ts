import type { Connection } from '@signet/subgraph';
import type { ProductRow } from './product.queries.ts';
import type { ProductFilterValues } from './products/products.queries.ts';

/** What resolvers hand to each other for the GraphQL types of the same names. */
export type ProductModel = ProductRow;
/** With the filter, so that `totalCount` is counted only where it is asked for. */
export type ProductConnectionModel = Connection<ProductRow> & { filter: ProductFilterValues };
