import type { StockRow } from './stock/stock.queries.ts';

/** What resolvers hand to each other for the GraphQL types of the same names. */
export type StockModel = StockRow;
export type ProductModel = { id: string; stock: StockModel };
