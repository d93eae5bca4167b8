import {
  type CursorCodec,
  createCursorCodec,
  isIntegerKey,
  isTextKey,
  type Position,
} from '@signet/subgraph';
import { type RawBuilder, sql } from 'kysely';
import type { ProductRow } from '../product.queries.ts';
import type { ProductSort } from '../resolvers.generated.ts';

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
