import type { Database } from '@signet/db';
import type { Transaction } from 'kysely';
import { type OrderRow, selectOrders } from '../order.queries.ts';
import { isAfter, type OrderPage } from '../order-page.ts';
import type { OrderStatus } from '../tables.ts';

type OrderFilter = { status: OrderStatus | undefined; userId: string | undefined };

/** Latest first; one row more than the page where there is a next one. */
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
