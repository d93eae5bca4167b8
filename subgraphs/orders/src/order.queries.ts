import type { Database } from '@signet/db';
import type { PageRequest } from '@signet/subgraph';
import { type InferResult, type RawBuilder, sql, type Transaction } from 'kysely';

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
  'reserved_until',
  'expired_at',
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

/** A page of a list. The key is the time of the order, in microseconds since 1970. */
export type OrderPage = PageRequest<number>;
export type OrderFilter = { status: OrderRow['status'] | undefined; userId: string | undefined };

/** Everybody's orders, latest first. Where there is a next page, the result has one row more than this page. */
export function findOrderPage(
  trx: Transaction<Database>,
  { status, userId }: OrderFilter,
  page: OrderPage,
): Promise<OrderRow[]> {
  let query = selectOrders(trx);
  if (status) query = query.where('status', '=', status);
  if (userId) query = query.where('user_id', '=', userId);
  if (page.after) query = query.where(isAfter(page.after));
  return query
    .orderBy('placed_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.first + 1)
    .execute();
}

/** The same page of several customers' orders in one statement. As in `findOrderPage`, for each of them. */
export function findOrdersOfUsers(
  trx: Transaction<Database>,
  userIds: readonly string[],
  page: OrderPage,
): Promise<OrderRow[]> {
  return trx
    .selectFrom(sql<{ id: string }>`unnest(${userIds}::uuid[])`.as<'asked'>(sql`asked(id)`))
    .innerJoinLateral(
      (eb) => {
        const orders = eb
          .selectFrom('orders.order')
          .select(orderColumns)
          .whereRef('user_id', '=', 'asked.id')
          .orderBy('placed_at', 'desc')
          .orderBy('id', 'desc')
          .limit(page.first + 1);
        return (page.after ? orders.where(isAfter(page.after)) : orders).as('placed');
      },
      (join) => join.onTrue(),
    )
    .selectAll('placed')
    .orderBy('placed_at', 'desc')
    .orderBy('placed.id', 'desc')
    .execute();
}

function isAfter({ key, id }: NonNullable<OrderPage['after']>): RawBuilder<boolean> {
  return sql<boolean>`(placed_at, id) < (timestamptz 'epoch' + ${key}::double precision * interval '1 microsecond', ${id})`;
}

export type OrderCounts = {
  placed: number;
  shipped: number;
  cancelled: number;
  expired: number;
  placed_last_day: number;
};

/** Counts the tenant's orders by their status, and those of the last 24 hours. */
export function countOrders(trx: Transaction<Database>): Promise<OrderCounts> {
  return trx
    .selectFrom('orders.order')
    .select(({ fn }) => [
      fn.count<number>('id').filterWhere('status', '=', 'placed').as('placed'),
      fn.count<number>('id').filterWhere('status', '=', 'shipped').as('shipped'),
      fn.count<number>('id').filterWhere('status', '=', 'cancelled').as('cancelled'),
      fn.count<number>('id').filterWhere('status', '=', 'expired').as('expired'),
      fn
        .count<number>('id')
        .filterWhere('placed_at', '>', sql<Date>`now() - interval '1 day'`)
        .as('placed_last_day'),
    ])
    .executeTakeFirstOrThrow();
}
