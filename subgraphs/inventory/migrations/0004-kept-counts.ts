import { countRows, createTally, dropTally, stopCountingRows } from '@signet/db/tally-support';
import type { Kysely } from 'kysely';

export const locks = ['inventory.stock'];

const tally = { schema: 'inventory', role: 'signet_inventory' };
/** As `lowStockBelow` of stock.queries.ts. */
const lowStockBelow = 10;
const labelOf = (row: string) =>
  `case when ${row}.on_hand - ${row}.reserved = 0 then 'out' when ${row}.on_hand - ${row}.reserved < ${lowStockBelow} then 'low' end`;
const stock = {
  schema: 'inventory',
  name: 'tally_stock',
  table: 'inventory.stock',
  series: 'stock',
  label: labelOf('changed'),
  startsAt: `'-infinity'::pg_catalog.timestamptz`,
  where: `changed.on_hand - changed.reserved < ${lowStockBelow}`,
  update: { columns: 'on_hand, reserved', when: `${labelOf('old')} is distinct from ${labelOf('new')}` },
};

/** How many products are out of stock, and how many nearly are. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTally(db, tally);
  await countRows(db, stock);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await stopCountingRows(db, stock);
  await dropTally(db, tally);
}
