import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import { type OrderRow, orderColumns } from '../order.queries.ts';
import { isAfter, type OrderPage } from '../order-page.ts';

/** The same page of several customers' orders in one statement, latest first; one row more where there is a next page. */
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
