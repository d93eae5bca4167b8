import { countRows, createTally, dropTally, minuteOf, stopCountingRows } from '@signet/db/tally-support';
import type { Kysely } from 'kysely';

export const locks = ['orders.order'];

const tally = { schema: 'orders', role: 'signet_orders' };
const orders = {
  schema: 'orders',
  name: 'tally_orders',
  table: 'orders.order',
  series: 'orders',
  label: 'changed.status',
  startsAt: minuteOf('changed.placed_at'),
  update: { columns: 'status', when: 'old.status is distinct from new.status' },
};

/** How many orders are in each state, by the time at which they were placed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTally(db, tally);
  await countRows(db, orders);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await stopCountingRows(db, orders);
  await dropTally(db, tally);
}
