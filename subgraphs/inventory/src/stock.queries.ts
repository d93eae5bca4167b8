import { type Database, defineQuery, idList, readTally, type TallySource } from '@signet/db';
import { sql, type Transaction } from 'kysely';

const foreignKeyViolation = '23503';

export type StockRow = { product_id: string; on_hand: number; reserved: number };

const selectStock = defineQuery<{ productIds: readonly string[] }, StockRow>((db, value) =>
  db
    .selectFrom('inventory.stock')
    .select(['product_id', 'on_hand', 'reserved'])
    .where(sql<boolean>`product_id = any(${idList(value('productIds'))})`),
);

/** In no particular order. */
export function findStock(trx: Transaction<Database>, productIds: readonly string[]): Promise<StockRow[]> {
  return selectStock(trx, { productIds });
}

/**
 * Makes sure that the product has a row to change.
 *
 * @returns false when there is no such product in this tenant. The transaction has failed then and must end.
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

/** `refused`: the row exists, but the change would break its limits. */
export type StockChange = StockRow | 'refused' | 'missing';

/**
 * Changes the pieces on the shelves. One statement, so that no change between reading and writing is lost: the row lock
 * makes others wait, and the condition is checked against the row as they left it.
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

export const lowStockBelow = 10;

/** As the triggers of migration 0004 count: what was there before them. */
export const stockTally: TallySource = {
  schema: 'inventory',
  count: () => sql`
    select 'stock' as series, case on_hand - reserved when 0 then 'out' else 'low' end as label,
      '-infinity'::timestamptz as starts_at, count(*) as amount
    from inventory.stock where on_hand - reserved < ${sql.lit(lowStockBelow)} group by label`,
};

/** The products of the tenant of which nothing is available, and those of which fewer than `lowStockBelow` pieces are. */
export async function countProducts(
  trx: Transaction<Database>,
): Promise<{ outOfStock: number; lowOnStock: number }> {
  const counted = await readTally(trx, stockTally, ['stock']);
  return { outOfStock: counted('stock', 'out'), lowOnStock: counted('stock', 'low') };
}
