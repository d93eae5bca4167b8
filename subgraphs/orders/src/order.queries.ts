import type { Database } from '@signet/db';
import { type InferResult, sql, type Transaction } from 'kysely';

export type OrderRow = InferResult<ReturnType<typeof selectOrders>>[number];

/** `placed_microseconds` since 1970: a Date would round what cursors must compare. */
export const orderColumns = [
  'id',
  'user_id',
  'status',
  'total_amount',
  'currency',
  'placed_at',
  'shipped_at',
  'cancelled_at',
  sql<number>`(extract(epoch from placed_at) * 1000000)::bigint`.as('placed_microseconds'),
] as const;

export function selectOrders(trx: Transaction<Database>) {
  return trx.selectFrom('orders.order').select(orderColumns);
}

/** In no particular order. */
export function findOrders(trx: Transaction<Database>, ids: readonly string[]): Promise<OrderRow[]> {
  return selectOrders(trx).where(sql<boolean>`id = any(${ids})`).execute();
}

export type OrderItemRow = InferResult<ReturnType<typeof selectItems>>[number];

function selectItems(trx: Transaction<Database>) {
  return trx
    .selectFrom('orders.order_item')
    .select(['order_id', 'product_id', 'quantity', 'unit_price_amount']);
}

/** Items of several orders, each order's in the order in which they were placed. */
export function findItems(trx: Transaction<Database>, orderIds: readonly string[]): Promise<OrderItemRow[]> {
  return selectItems(trx)
    .where(sql<boolean>`order_id = any(${orderIds})`)
    .orderBy('order_id')
    .orderBy('position')
    .execute();
}
