import { type Database, inTenant } from '@signet/db';
import { type Kysely, sql, type Transaction } from 'kysely';
import { closeOrder, findOrderForUpdate } from './change-orders.queries.ts';

type DueOrder = { tenant_id: string; id: string };

/**
 * Gives back the stock of orders whose time is up, at most `most`, those that wait for longest first. Each has a transaction of
 * its own: one that fails keeps no other from it, and no lock lasts for longer than one order takes. It ends after the order that runs
 * where `signal` says so.
 *
 * @returns how many expired.
 * @throws {AggregateError} what failed, after all were tried.
 */
export async function expireOrders(
  db: Kysely<Database>,
  most: number,
  signal?: AbortSignal,
): Promise<number> {
  const { rows } = await sql<DueOrder>`select tenant_id, id from orders.due_orders(${most}::integer)`.execute(
    db,
  );
  let expired = 0;
  const errors: unknown[] = [];
  for (const { tenant_id, id } of rows) {
    if (signal?.aborted) break;
    try {
      if (await inTenant(db, tenant_id, (trx) => expireOrder(trx, id))) expired += 1;
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'some orders could not expire');
  return expired;
}

/** False for an order that was shipped, cancelled or expired while this waited for its row. */
async function expireOrder(trx: Transaction<Database>, id: string): Promise<boolean> {
  const order = await findOrderForUpdate(trx, { id });
  if (order?.status !== 'placed') return false;
  await closeOrder(trx, id, 'expired');
  return true;
}
