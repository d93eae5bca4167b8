import type { Database } from '@signet/db';
import type { Transaction } from 'kysely';
import { findItems, type OrderRow, orderColumns, selectOrders } from './order.queries.ts';
import { moveStock } from './stock-movements.ts';

/**
 * Reads an order (of this customer only, where one is given) and holds its row until the transaction ends: of several
 * that change one order, each waits here and then sees what the one before made of it. Who changes an order takes this
 * row first, stock after it.
 */
export function findOrderForUpdate(
  trx: Transaction<Database>,
  { id, userId }: { id: string; userId?: string },
): Promise<OrderRow | undefined> {
  const query = selectOrders(trx).where('id', '=', id).forUpdate();
  return (userId === undefined ? query : query.where('user_id', '=', userId)).executeTakeFirst();
}

/** Moves the stock of a placed order whose row this transaction holds, and notes what became of it. */
export async function closeOrder(
  trx: Transaction<Database>,
  id: string,
  outcome: 'shipped' | 'cancelled',
): Promise<OrderRow> {
  const items = await findItems(trx, [id]);
  const lines = items.map((item) => ({ productId: item.product_id, quantity: item.quantity }));
  const failed = await moveStock(trx, outcome === 'shipped' ? 'ship' : 'release', lines);
  if (failed !== undefined) {
    throw new Error(`Order ${id} is placed, but its pieces of product ${failed} are not reserved.`);
  }
  const now = new Date();
  return trx
    .updateTable('orders.order')
    .set({ status: outcome, ...(outcome === 'shipped' ? { shipped_at: now } : { cancelled_at: now }) })
    .where('id', '=', id)
    .returning(orderColumns)
    .executeTakeFirstOrThrow();
}
