import { type Database, defineQuery, idList, type Query } from '@signet/db';
import type { PageRequest } from '@signet/subgraph';
import { type InferResult, type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/postgres';

export type OrderRow = InferResult<ReturnType<typeof selectOrders>>[number];

/** What most pages show of an order. */
const briefColumns = ['id', 'user_id', 'status', 'total_amount', 'currency', 'placed_at'] as const;

export type BriefOrderRow = Pick<OrderRow, (typeof briefColumns)[number]>;

/** `placed_microseconds` since 1970: a Date would round what cursors must compare. */
export const orderColumns = [
  ...briefColumns,
  'shipped_at',
  'cancelled_at',
  'reserved_until',
  'expired_at',
  sql<number>`(extract(epoch from placed_at) * 1000000)::bigint`.as('placed_microseconds'),
] as const;

export function selectOrders(trx: Kysely<Database>) {
  return trx.selectFrom('orders.order').select(orderColumns);
}

const selectOrdersById = defineQuery<{ ids: readonly string[] }, OrderRow>((db, value) =>
  selectOrders(db).where(sql<boolean>`id = any(${idList(value('ids'))})`),
);

/** In no particular order. */
export function findOrders(trx: Transaction<Database>, ids: readonly string[]): Promise<OrderRow[]> {
  return selectOrdersById(trx, { ids });
}

export type OrderItemRow = InferResult<ReturnType<typeof selectItems>>[number];

function selectItems(trx: Kysely<Database>) {
  return trx
    .selectFrom('orders.order_item')
    .select(['order_id', 'product_id', 'quantity', 'unit_price_amount']);
}

const selectItemsOfOrders = defineQuery<{ orderIds: readonly string[] }, OrderItemRow>((db, value) =>
  selectItems(db)
    .where(sql<boolean>`order_id = any(${idList(value('orderIds'))})`)
    .orderBy('order_id')
    .orderBy('position'),
);

/** Items of several orders, each order's in the order in which they were placed. */
export function findItems(trx: Transaction<Database>, orderIds: readonly string[]): Promise<OrderItemRow[]> {
  return selectItemsOfOrders(trx, { orderIds });
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
  if (page.after) query = query.where(isAfter(page.after.key, page.after.id));
  return query
    .orderBy('placed_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.first + 1)
    .execute();
}

/** What a page shows: `isWhole`, all columns of its orders and whether there is a next page; `hasItems`, their items in the order in which they were placed. */
export type OrderParts = { isWhole: boolean; hasItems: boolean };
export type ListedOrderRow = (OrderRow | BriefOrderRow) & { items?: Omit<OrderItemRow, 'order_id'>[] };

type PageValues = { userIds: readonly string[]; userId: string; limit: number; key?: number; id?: string };
type PageShape = OrderParts & { isOfOne: boolean; isLater: boolean };

const pagesByShape = new Map<string, Query<PageValues, ListedOrderRow>>();

/**
 * The same page of the orders of each of several customers in one statement, latest first. Where there is a next page, a whole one has one row
 * more of each.
 */
export function findOrdersOfUsers(
  trx: Transaction<Database>,
  userIds: readonly string[],
  { first, after }: OrderPage,
  { isWhole, hasItems }: OrderParts,
): Promise<ListedOrderRow[]> {
  const shape = { isWhole, hasItems, isOfOne: userIds.length === 1, isLater: after !== undefined };
  const key = Object.values(shape).join(' ');
  let query = pagesByShape.get(key);
  if (!query) {
    query = definePage(shape);
    pagesByShape.set(key, query);
  }
  return query(trx, { userIds, userId: userIds[0] as string, limit: isWhole ? first + 1 : first, ...after });
}

function definePage({ isWhole, hasItems, isOfOne, isLater }: PageShape): Query<PageValues, ListedOrderRow> {
  return defineQuery((db, value) => {
    const ordersOf = (userId: RawBuilder<string>) => {
      const orders = db
        .selectFrom('orders.order')
        .select(isWhole ? orderColumns : briefColumns)
        .where('user_id', '=', userId)
        .orderBy('placed_at', 'desc')
        .orderBy('id', 'desc')
        .limit(value('limit'));
      return isLater
        ? orders.where(isAfter(value('key') as RawBuilder<number>, value('id') as RawBuilder<string>))
        : orders;
    };
    // Of one customer, as most are, PostgreSQL reads it in a tenth less without the join.
    const source = isOfOne
      ? sql<OrderRow>`(${ordersOf(value('userId'))})`
      : sql<OrderRow>`unnest(${idList(value('userIds'))}) as asked(id) cross join lateral (${ordersOf(sql`asked.id`)})`;
    const page = db
      .selectFrom(source.as('placed'))
      .selectAll('placed')
      .orderBy('placed.placed_at', 'desc')
      .orderBy('placed.id', 'desc');
    return hasItems
      ? page.select((eb) =>
          jsonArrayFrom(
            eb
              .selectFrom('orders.order_item')
              .select(['product_id', 'quantity', 'unit_price_amount'])
              .whereRef('order_id', '=', 'placed.id')
              .orderBy('position'),
          ).as('items'),
        )
      : page;
  });
}

function isAfter(key: unknown, id: unknown): RawBuilder<boolean> {
  return sql<boolean>`(placed_at, id) < (timestamptz 'epoch' + ${key}::double precision * interval '1 microsecond', ${id})`;
}
