import {
  type Connection,
  createConnection,
  createCursorCodec,
  isIntegerKey,
  type PageRequest,
  readPage,
} from '@signet/subgraph';
import { type RawBuilder, sql } from 'kysely';
import type { OrderRow } from './order.queries.ts';

/** Every list of orders has the latest first. Its cursors hold microseconds since 1970 and the id. */
const codec = createCursorCodec<number>(
  'orders:latest',
  (key): key is number => isIntegerKey(key) && key >= 0,
);

export type OrderPage = PageRequest<number>;

/** @throws {RefusalError} input.first, input.after */
export function readOrderPage(args: { first: number; after?: string | null }): OrderPage {
  return readPage(args, codec);
}

export function createOrderConnection(rows: readonly OrderRow[], page: OrderPage): Connection<OrderRow> {
  return createConnection(rows, page, codec, (row) => ({ key: row.placed_microseconds, id: row.id }));
}

/** Condition for the rows of orders.order that follow the page before. */
export function isAfter({ key, id }: NonNullable<OrderPage['after']>): RawBuilder<boolean> {
  return sql<boolean>`(placed_at, id) < (timestamptz 'epoch' + ${key}::double precision * interval '1 microsecond', ${id})`;
}
