import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import { type OrderRow, orderColumns } from './order.queries.ts';
import type { OrderLine, PricedOrder } from './price-lines.ts';

const operation = 'placeOrder';

export type Owner = { tenantId: string; userId: string };
export type OrderRequest = {
  lines: readonly OrderLine[];
  idempotencyKey: string;
  inputHash: Buffer;
  /** What the customer was shown. */
  expectedTotal: number | undefined;
};

/** What a customer has reserved. */
export type OpenOrders = { orders: number; pieces: number };

/**
 * Takes the key for this customer. While another transaction holds the same key, this waits for it: when that commits,
 * the key is taken; when it rolls back, the key is ours.
 *
 * @returns false when the key was used before.
 */
export async function takeKey(
  trx: Transaction<Database>,
  { tenantId, userId }: Owner,
  { idempotencyKey, inputHash }: OrderRequest,
): Promise<boolean> {
  const result = await trx
    .insertInto('orders.idempotency_key')
    .values({ tenant_id: tenantId, user_id: userId, operation, key: idempotencyKey, input_hash: inputHash })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'user_id', 'operation', 'key']).doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** What was sent with a key that was used before, and the order that it gave. */
export function getKey(trx: Transaction<Database>, { userId }: Owner, key: string) {
  return trx
    .selectFrom('orders.idempotency_key')
    .select(['input_hash', 'order_id'])
    .where('user_id', '=', userId)
    .where('operation', '=', operation)
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
}

export async function setOrderOfKey(
  trx: Transaction<Database>,
  { userId }: Owner,
  key: string,
  orderId: string,
): Promise<void> {
  await trx
    .updateTable('orders.idempotency_key')
    .set({ order_id: orderId })
    .where('user_id', '=', userId)
    .where('operation', '=', operation)
    .where('key', '=', key)
    .execute();
}

/**
 * Counts what this customer has reserved. A lock on the customer comes first and lasts until the transaction ends: of several
 * orders placed at once, each counts those before it.
 */
export async function countOpenOrders(
  trx: Transaction<Database>,
  { tenantId, userId }: Owner,
): Promise<OpenOrders> {
  const lock = `signet open orders ${tenantId} ${userId}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`.execute(trx);
  return trx
    .selectFrom('orders.order as placed')
    .innerJoin('orders.order_item as item', 'item.order_id', 'placed.id')
    .where('placed.user_id', '=', userId)
    .where('placed.status', '=', 'placed')
    .select(({ fn }) => [
      fn.count<number>('placed.id').distinct().as('orders'),
      sql<number>`coalesce(sum(item.quantity), 0)::bigint`.as('pieces'),
    ])
    .executeTakeFirstOrThrow();
}

export async function insertOrder(
  trx: Transaction<Database>,
  { tenantId, userId }: Owner,
  { lines, totalAmount, currency }: PricedOrder,
  reservationMinutes: number,
): Promise<OrderRow> {
  const order = await trx
    .insertInto('orders.order')
    .values({
      tenant_id: tenantId,
      user_id: userId,
      total_amount: totalAmount,
      currency,
      reserved_until: sql<Date>`now() + ${reservationMinutes}::integer * interval '1 minute'`,
    })
    .returning(orderColumns)
    .executeTakeFirstOrThrow();
  const items = lines.map((line, index) => ({
    tenant_id: tenantId,
    order_id: order.id,
    position: index + 1,
    product_id: line.productId,
    quantity: line.quantity,
    unit_price_amount: line.unitPriceAmount,
  }));
  await trx.insertInto('orders.order_item').values(items).execute();
  return order;
}
