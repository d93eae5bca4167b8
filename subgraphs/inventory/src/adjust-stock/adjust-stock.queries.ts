import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { StockRow } from '../stock/stock.queries.ts';

const foreignKeyViolation = '23503';

/**
 * Makes sure that the product has a row to change.
 *
 * @returns false when there is no such product in this tenant. The transaction is of no more use then.
 */
export async function insertEmptyStock(
  trx: Transaction<Database>,
  tenantId: string,
  productId: string,
): Promise<boolean> {
  try {
    await trx
      .insertInto('inventory.stock')
      .values({ tenant_id: tenantId, product_id: productId, on_hand: 0 })
      .onConflict((conflict) => conflict.column('product_id').doNothing())
      .execute();
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === foreignKeyViolation) return false;
    throw error;
  }
}

/** `refused`: the row is there, but the change would leave its limits. */
export type StockChange = StockRow | 'refused' | 'missing';

/**
 * One statement, so that no change between reading and writing is lost: the row lock makes others wait, and the
 * condition is checked against the row as they left it.
 */
export async function changeStock(
  trx: Transaction<Database>,
  productId: string,
  change: number,
  maxOnHand: number,
): Promise<StockChange> {
  const row = await trx
    .updateTable('inventory.stock')
    .set({ on_hand: sql<number>`on_hand + ${change}`, updated_at: new Date() })
    .where('product_id', '=', productId)
    .where(sql<boolean>`on_hand::bigint + ${change} between reserved and ${maxOnHand}`)
    .returning(['product_id', 'on_hand', 'reserved'])
    .executeTakeFirst();
  if (row) return row;
  const known = await trx
    .selectFrom('inventory.stock')
    .select('product_id')
    .where('product_id', '=', productId)
    .executeTakeFirst();
  return known ? 'refused' : 'missing';
}
