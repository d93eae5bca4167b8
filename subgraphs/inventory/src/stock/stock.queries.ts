import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';

export type StockRow = { product_id: string; on_hand: number; reserved: number };

/** In no particular order. */
export function findStock(trx: Transaction<Database>, productIds: readonly string[]): Promise<StockRow[]> {
  return trx
    .selectFrom('inventory.stock')
    .select(['product_id', 'on_hand', 'reserved'])
    .where(sql<boolean>`product_id = any(${productIds})`)
    .execute();
}
