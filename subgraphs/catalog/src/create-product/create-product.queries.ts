import type { Database } from '@signet/db';
import type { Insertable, Transaction } from 'kysely';
import type { ProductTable } from '../tables.ts';

export async function findCategoryId(trx: Transaction<Database>, slug: string): Promise<string | undefined> {
  const row = await trx
    .selectFrom('catalog.category')
    .select('id')
    .where('slug', '=', slug)
    .executeTakeFirst();
  return row?.id;
}

/** Id of the new product, or undefined where the SKU is taken. */
export async function insertProduct(
  trx: Transaction<Database>,
  values: Insertable<ProductTable>,
): Promise<string | undefined> {
  const row = await trx
    .insertInto('catalog.product')
    .values(values)
    .onConflict((conflict) => conflict.columns(['tenant_id', 'sku']).doNothing())
    .returning('id')
    .executeTakeFirst();
  return row?.id;
}
