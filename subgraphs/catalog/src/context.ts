import { type Database, readInTenant } from '@signet/db';
import type { Connection, Counted } from '@signet/subgraph';
import type { SubgraphContext } from '@signet/subgraph/define';
import DataLoader from 'dataloader';
import type { Kysely } from 'kysely';
import { findProducts, type ProductRow } from './product.queries.ts';

/** What a resolver has. */
export type GraphqlContext = SubgraphContext<Loaders>;

/** What resolvers hand to each other for the GraphQL types of the same names. */
export type ProductModel = ProductRow;
export type ProductConnectionModel = Connection<ProductRow> & Counted;

export type Loaders = { product: DataLoader<string, ProductRow | undefined> };

/** One set for each request: what a loader has read is never shown to anybody else. */
export function createLoaders(db: Kysely<Database>, tenantId: string): Loaders {
  return {
    product: new DataLoader(async (ids) => {
      const rows = await readInTenant(db, tenantId, (trx) => findProducts(trx, ids));
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id));
    }),
  };
}
