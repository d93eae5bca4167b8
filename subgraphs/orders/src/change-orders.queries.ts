import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import { findItems, type OrderRow, orderColumns, selectOrders } from './order.queries.ts';

/**
 * Reads an order (of this customer only, where one is given) and locks its row until the transaction ends. Of several that
 * change one order, each waits here and then sees what the one before did. Always lock this row first, stock after it.
 */
export function findOrderForUpdate(
  trx: Transaction<Database>,
  { id, userId }: { id: string; userId?: string },
): Promise<OrderRow | undefined> {
  const query = selectOrders(trx).where('id', '=', id).forUpdate();
  return (userId === undefined ? query : query.where('user_id', '=', userId)).executeTakeFirst();
}

type Outcome = Exclude<OrderRow['status'], 'placed'>;

const outcomes = {
  shipped: { movement: 'ship', column: 'shipped_at' },
  cancelled: { movement: 'release', column: 'cancelled_at' },
  expired: { movement: 'release', column: 'expired_at' },
} as const;

/** Moves the stock of a placed order whose row this transaction has locked, and writes the outcome into the row. */
export async function closeOrder(
  trx: Transaction<Database>,
  id: string,
  outcome: Outcome,
): Promise<OrderRow> {
  const items = await findItems(trx, [id]);
  const lines = items.map((item) => ({ productId: item.product_id, quantity: item.quantity }));
  const { movement, column } = outcomes[outcome];
  const failed = await moveStock(trx, movement, lines);
  if (failed !== undefined) {
    throw new Error(`Order ${id} is placed, but its pieces of product ${failed} are not reserved.`);
  }
  return trx
    .updateTable('orders.order')
    .set({ status: outcome, [column]: new Date() })
    .where('id', '=', id)
    .returning(orderColumns)
    .executeTakeFirstOrThrow();
}

type Line = { productId: string; quantity: number };

/**
 * Moves stock inside this transaction, through the functions of the database that inventory publishes. They lock products in
 * the order of their ids, so that two orders never wait for each other in a circle.
 *
 * @returns the first product for which it can't be done: the caller must then roll back. Undefined when all is done.
 */
export async function moveStock(
  trx: Transaction<Database>,
  movement: 'reserve' | 'release' | 'ship',
  lines: readonly Line[],
): Promise<string | undefined> {
  const ids = lines.map(({ productId }) => productId);
  const quantities = lines.map(({ quantity }) => quantity);
  const { rows } = await sql<{ failed: string | null }>`
    select inventory.${sql.raw(movement)}(${ids}::uuid[], ${quantities}::integer[]) as failed`.execute(trx);
  return rows[0]?.failed ?? undefined;
}
