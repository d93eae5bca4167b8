import { type Database, readInTenant } from '@signet/db';
import type { Connection, Counted } from '@signet/subgraph';
import type { SubgraphContext } from '@signet/subgraph/define';
import DataLoader from 'dataloader';
import type { Kysely, Transaction } from 'kysely';
import {
  type BriefProductRow,
  findBriefProducts,
  findProducts,
  type ListedProductRow,
  type ProductRow,
} from './product.queries.ts';

/** What a resolver has. */
export type GraphqlContext = SubgraphContext<Loaders>;

/** What resolvers hand to each other for the GraphQL types of the same names. */
export type ProductModel = BriefProductRow | ListedProductRow | ProductRow;
export type ProductConnectionModel = Connection<ListedProductRow | ProductRow> & Counted;

export type Loaders = {
  product: DataLoader<string, ProductRow | undefined>;
  briefProduct: DataLoader<string, BriefProductRow | undefined>;
};

/** One set for each request: what a loader has read is never shown to anybody else. */
export function createLoaders(db: Kysely<Database>, tenantId: string): Loaders {
  const createLoader = <Row extends { id: string }>(
    find: (trx: Transaction<Database>, ids: readonly string[]) => Promise<Row[]>,
  ) =>
    new DataLoader(async (ids: readonly string[]) => {
      const rows = await readInTenant(db, tenantId, (trx) => find(trx, ids));
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id));
    });
  return { product: createLoader(findProducts), briefProduct: createLoader(findBriefProducts) };
}
