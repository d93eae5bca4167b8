import { type Database, defineQuery, idList, type Query } from '@signet/db';
import type { PageRequest } from '@signet/subgraph';
import {
  type CompiledQuery,
  type InferResult,
  type Kysely,
  type RawBuilder,
  sql,
  type Transaction,
} from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/postgres';

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

type UsersPage = { userIds: readonly string[]; limit: number; key?: number; id?: string };
type Value = <Name extends keyof UsersPage>(name: Name) => RawBuilder<UsersPage[Name]>;

/** The same page of the orders of each of several customers. */
function selectPlaced(db: Kysely<Database>, value: Value, isLater: boolean) {
  return db
    .selectFrom(sql<{ id: string }>`unnest(${idList(value('userIds'))})`.as<'asked'>(sql`asked(id)`))
    .innerJoinLateral(
      (eb) => {
        const orders = eb
          .selectFrom('orders.order')
          .select(orderColumns)
          .whereRef('user_id', '=', 'asked.id')
          .orderBy('placed_at', 'desc')
          .orderBy('id', 'desc')
          .limit(value('limit'));
        return (isLater ? orders.where(isAfter(value('key'), value('id'))) : orders).as('placed');
      },
      (join) => join.onTrue(),
    )
    .selectAll('placed')
    .orderBy('placed_at', 'desc')
    .orderBy('placed.id', 'desc');
}

/** The same page of several customers' orders in one statement. As in `findOrderPage`, for each of them. */
function definePage<Row>(
  select: (placed: ReturnType<typeof selectPlaced>) => { compile(): CompiledQuery<Row> },
) {
  const [selectFirst, selectAfter] = [false, true].map((isLater) =>
    defineQuery<UsersPage, Row>((db, value) => select(selectPlaced(db, value, isLater))),
  ) as [Query<UsersPage, Row>, Query<UsersPage, Row>];
  return (
    trx: Transaction<Database>,
    userIds: readonly string[],
    { first, after }: OrderPage,
  ): Promise<Row[]> => {
    const asked = { userIds, limit: first + 1 };
    return after ? selectAfter(trx, { ...asked, ...after }) : selectFirst(trx, asked);
  };
}

export const findOrdersOfUsers = definePage<OrderRow>((placed) => placed);

/** With its items, in the order in which they were placed. */
export type FullOrderRow = OrderRow & { items: Omit<OrderItemRow, 'order_id'>[] };

export const findFullOrdersOfUsers = definePage<FullOrderRow>((placed) =>
  placed.select((eb) =>
    jsonArrayFrom(
      eb
        .selectFrom('orders.order_item')
        .select(['product_id', 'quantity', 'unit_price_amount'])
        .whereRef('order_id', '=', 'placed.id')
        .orderBy('position'),
    ).as('items'),
  ),
);

function isAfter(key: unknown, id: unknown): RawBuilder<boolean> {
  return sql<boolean>`(placed_at, id) < (timestamptz 'epoch' + ${key}::double precision * interval '1 microsecond', ${id})`;
}
