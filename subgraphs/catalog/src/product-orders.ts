import {
  type CursorCodec,
  createCursorCodec,
  isIntegerKey,
  isTextKey,
  type PageRequest,
  type Position,
} from '@signet/subgraph';
import { type RawBuilder, sql } from 'kysely';
import type { ListedProductRow, ProductRow } from './product.queries.ts';
import type { ProductSort } from './resolvers.generated.ts';

export type SortKey = string | number;
export type ProductPage = PageRequest<SortKey>;

/** An order of products: by a column, then by id, so that rows with equal keys keep their places. Each has its indexes. */
export type ProductOrder = {
  column: RawBuilder<unknown>;
  direction: 'asc' | 'desc';
  codec: CursorCodec<SortKey>;
  positionOf(row: ListedProductRow | ProductRow): Position<SortKey>;
  /** A cursor's key as a value of the column. */
  toColumn(key: SortKey | RawBuilder<SortKey>): RawBuilder<unknown>;
};

const maxInteger = 2 ** 31 - 1;
const isPriceKey = (value: unknown): value is number =>
  isIntegerKey(value) && value >= 0 && value <= maxInteger;
const isTimeKey = (value: unknown): value is number => isIntegerKey(value) && value >= 0;
const plain = (key: SortKey | RawBuilder<SortKey>) => sql`${key}`;

const byPrice = {
  column: sql`price_amount`,
  positionOf: (row: ListedProductRow) => ({ key: row.price_amount, id: row.id }),
  toColumn: plain,
} as const;

export const productOrders: Readonly<Record<ProductSort, ProductOrder>> = {
  NAME: {
    // Unicode's order for all languages: äpfel, Äpfel, apple, banana, Banana. Deterministic: only equal texts are equal.
    column: sql`name collate "und-x-icu"`,
    direction: 'asc',
    // Cursors of 'products:NAME' were of the order of code points.
    codec: createCursorCodec<SortKey>('products:by-name', isTextKey),
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
    column: sql`created_at`,
    direction: 'desc',
    codec: createCursorCodec<SortKey>('products:NEWEST', isTimeKey),
    positionOf(row) {
      if (!('created_microseconds' in row)) throw new TypeError('This page was read without its cursors.');
      return { key: row.created_microseconds, id: row.id };
    },
    toColumn: (key) => sql`(timestamptz 'epoch' + ${key}::double precision * interval '1 microsecond')`,
  },
};
