import type { Database } from '@signet/db';
import {
  type CursorCodec,
  createCursorCodec,
  isIntegerKey,
  isTextKey,
  type PageRequest,
  type Position,
  toContainsPattern,
} from '@signet/subgraph';
import { type ExpressionBuilder, type RawBuilder, sql, type Transaction } from 'kysely';
import { type ProductRow, selectProducts } from './product.queries.ts';
import type { ProductSort } from './resolvers.generated.ts';

type SortKey = string | number;

/** An order of products: by a column, then by id, so that rows with equal keys keep their places. */
export type ProductOrder = {
  column: 'product.name' | 'product.price_amount' | 'product.created_at';
  direction: 'asc' | 'desc';
  codec: CursorCodec<SortKey>;
  positionOf(row: ProductRow): Position<SortKey>;
  /** A cursor's key as a value of the column. */
  toColumn(key: SortKey): RawBuilder<unknown>;
};

const maxInteger = 2 ** 31 - 1;
const isPriceKey = (value: unknown): value is number =>
  isIntegerKey(value) && value >= 0 && value <= maxInteger;
const isTimeKey = (value: unknown): value is number => isIntegerKey(value) && value >= 0;
const plain = (key: SortKey) => sql`${key}`;

const byPrice = {
  column: 'product.price_amount',
  positionOf: (row: ProductRow) => ({ key: row.price_amount, id: row.id }),
  toColumn: plain,
} as const;

export const productOrders: Readonly<Record<ProductSort, ProductOrder>> = {
  NAME: {
    column: 'product.name',
    direction: 'asc',
    codec: createCursorCodec<SortKey>('products:NAME', isTextKey),
    positionOf: (row) => ({ key: row.name, id: row.id }),
    toColumn: plain,
  },
  PRICE_ASC: {
    ...byPrice,
    direction: 'asc',
    codec: createCursorCodec<SortKey>('products:PRICE_ASC', isPriceKey),
  },
  PRICE_DESC: {
    ...byPrice,
    direction: 'desc',
    codec: createCursorCodec<SortKey>('products:PRICE_DESC', isPriceKey),
  },
  NEWEST: {
    column: 'product.created_at',
    direction: 'desc',
    codec: createCursorCodec<SortKey>('products:NEWEST', isTimeKey),
    positionOf: (row) => ({ key: row.created_microseconds, id: row.id }),
    toColumn: (key) => sql`(timestamptz 'epoch' + ${key}::double precision * interval '1 microsecond')`,
  },
};

export type ProductFilterValues = { category: string | undefined; text: string | undefined };

type Tables = {
  product: Database['catalog.product'];
  category: Database['catalog.category'];
};

/** Products on sale from `page.after` on. Where there is a next page, the result has one row more than this page. */
export function findProductPage(
  trx: Transaction<Database>,
  filter: ProductFilterValues,
  order: ProductOrder,
  page: PageRequest<SortKey>,
): Promise<ProductRow[]> {
  const { column, direction } = order;
  let query = selectProducts(trx).where((eb) => matches(eb, filter));
  if (page.after) {
    const { key, id } = page.after;
    const comparison = sql.raw(direction === 'asc' ? '>' : '<');
    query = query.where(
      sql<boolean>`(${sql.ref(column)}, product.id) ${comparison} (${order.toColumn(key)}, ${id})`,
    );
  }
  return query
    .orderBy(column, direction)
    .orderBy('product.id', direction)
    .limit(page.first + 1)
    .execute();
}

export async function countProducts(
  trx: Transaction<Database>,
  filter: ProductFilterValues,
): Promise<number> {
  const { count } = await trx
    .selectFrom('catalog.product as product')
    .innerJoin('catalog.category as category', 'category.id', 'product.category_id')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where((eb) => matches(eb, filter))
    .executeTakeFirstOrThrow();
  return count;
}

function matches(eb: ExpressionBuilder<Tables, 'product' | 'category'>, filter: ProductFilterValues) {
  const conditions = [eb('product.archived_at', 'is', null)];
  if (filter.category !== undefined) conditions.push(eb('category.slug', '=', filter.category));
  if (filter.text !== undefined) {
    const pattern = toContainsPattern(filter.text);
    conditions.push(
      eb.or([
        eb('product.name', 'ilike', pattern),
        eb('product.sku', 'ilike', pattern),
        eb('product.description', 'ilike', pattern),
      ]),
    );
  }
  return eb.and(conditions);
}
