import type { Database } from '@signet/db';
import type { Transaction } from 'kysely';

export type StockKey = { tenantId: string; staffId: string; key: string };

/**
 * Takes the key for this member of staff. While another transaction holds the same key, this waits for it: when that commits,
 * the key is taken; when it rolls back, the key is ours.
 *
 * @returns false when the key was used before.
 */
export async function takeKey(
  trx: Transaction<Database>,
  { tenantId, staffId, key }: StockKey,
  inputHash: Buffer,
): Promise<boolean> {
  const result = await trx
    .insertInto('inventory.idempotency_key')
    .values({ tenant_id: tenantId, staff_id: staffId, key, input_hash: inputHash })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** What was sent with a key that was used before. */
export async function findInputHash(trx: Transaction<Database>, { staffId, key }: StockKey): Promise<Buffer> {
  const row = await trx
    .selectFrom('inventory.idempotency_key')
    .select('input_hash')
    .where('staff_id', '=', staffId)
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  return row.input_hash;
}
