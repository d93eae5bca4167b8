import { type Database, readInTenant } from '@signet/db';
import type { SubgraphContext } from '@signet/subgraph/define';
import DataLoader from 'dataloader';
import type { Kysely } from 'kysely';
import { findStock, type StockRow } from './stock.queries.ts';

/** What a resolver has. */
export type GraphqlContext = SubgraphContext<Loaders>;

/** What resolvers hand to each other for the GraphQL types of the same names. */
export type StockModel = StockRow;
export type ProductModel = { id: string; stock: StockModel };
/** The id of the caller's own tenant. */
export type DashboardModel = { id: string };

export type Loaders = { stock: DataLoader<string, StockRow> };

/** One set for each request: what a loader has read is never shown to anybody else. */
export function createLoaders(db: Kysely<Database>, tenantId: string): Loaders {
  return {
    stock: new DataLoader(async (productIds) => {
      const rows = await readInTenant(db, tenantId, (trx) => findStock(trx, productIds));
      const byProduct = new Map(rows.map((row) => [row.product_id, row]));
      // A product whose stock was never counted has no row. It can't be ordered.
      return productIds.map((id) => byProduct.get(id) ?? { product_id: id, on_hand: 0, reserved: 0 });
    }),
  };
}
