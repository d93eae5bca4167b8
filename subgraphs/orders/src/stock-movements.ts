import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';

type Line = { productId: string; quantity: number };

/**
 * Moves stock through the functions that inventory publishes, inside this transaction. They take products in the order of
 * their ids, so that orders never wait for each other in a circle.
 *
 * @returns the first product for which it can't be done: the transaction must then be rolled back. Undefined: all done.
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
