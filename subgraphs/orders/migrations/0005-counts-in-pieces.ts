import { countInPieces, stopCountingInPieces } from '@signet/db/tally-support';
import type { Kysely } from 'kysely';

const tally = { schema: 'orders', role: 'signet_orders' };

/** Orders of many years are counted after an upgrade in statements of some seconds each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await countInPieces(db, tally);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await stopCountingInPieces(db, tally);
}
