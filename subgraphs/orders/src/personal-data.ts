import type { Person, PersonalData } from '@signet/subgraph/define';
import { sql } from 'kysely';
import { closeOrder } from './change-orders.queries.ts';
import { findItems, selectOrders } from './order.queries.ts';

/**
 * Orders of a customer, and with whom they share. Bookkeeping keeps orders with their amounts for years: an erased customer's refer to an
 * id that belongs to nobody. What was not shipped yet is cancelled, and its stock is free again.
 */
export const personalData: PersonalData = {
  async export({ trx, accountId }) {
    const rows = await selectOrders(trx).where('user_id', '=', accountId).orderBy('placed_at').execute();
    const items = Map.groupBy(
      await findItems(
        trx,
        rows.map(({ id }) => id),
      ),
      (item) => item.order_id,
    );
    const viewers = await trx
      .selectFrom('access.relation_tuple')
      .select(({ fn }) => ['object', fn.countAll<number>().as('count')])
      .where('namespace', '=', 'order')
      .where(sql<boolean>`object in (select id::text from orders.order where user_id = ${accountId})`)
      .groupBy('object')
      .execute();
    const viewersOf = new Map(viewers.map(({ object, count }) => [object, Number(count)]));
    return {
      orders: rows.map((row) => ({
        id: row.id,
        status: row.status,
        totalAmount: row.total_amount,
        currency: row.currency,
        placedAt: row.placed_at,
        shippedAt: row.shipped_at,
        cancelledAt: row.cancelled_at,
        expiredAt: row.expired_at,
        items: (items.get(row.id) ?? []).map((item) => ({
          productId: item.product_id,
          quantity: item.quantity,
          unitPriceAmount: item.unit_price_amount,
        })),
        sharedWithCustomers: viewersOf.get(row.id) ?? 0,
      })),
      ordersSharedWithYou: await trx
        .selectFrom('access.relation_tuple')
        .select(['object as orderId', 'created_at as since'])
        .where('namespace', '=', 'order')
        .where('subject', '=', `user:${accountId}`)
        .orderBy('created_at')
        .execute(),
    };
  },

  async erase(person) {
    const { trx, accountId } = person;
    const open = await selectOrders(trx)
      .where('user_id', '=', accountId)
      .where('status', '=', 'placed')
      .orderBy('id')
      .forUpdate()
      .execute();
    for (const { id } of open) await closeOrder(trx, id, 'cancelled');
    await endShares(person);
    // Its key is the client's own text.
    await trx.deleteFrom('orders.idempotency_key').where('user_id', '=', accountId).execute();
  },
};

async function endShares({ trx, accountId }: Person): Promise<void> {
  await trx
    .deleteFrom('access.relation_tuple')
    .where('namespace', '=', 'order')
    .where(({ or, eb }) =>
      or([
        eb('subject', '=', `user:${accountId}`),
        sql<boolean>`object in (select id::text from orders.order where user_id = ${accountId})`,
      ]),
    )
    .execute();
}
