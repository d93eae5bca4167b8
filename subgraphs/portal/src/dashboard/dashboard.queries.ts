import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';

export type DashboardCounts = {
  customers: number;
  support_notes: number;
  placed: number;
  shipped: number;
  cancelled: number;
  placed_last_day: number;
  products_out_of_stock: number;
  products_low_on_stock: number;
};

/** Orders and stock are others' tables: they publish these counts to this process, and nothing else. */
export async function getCounts(trx: Transaction<Database>, lowStockBelow: number): Promise<DashboardCounts> {
  const { rows } = await sql<DashboardCounts>`
    select
      (select count(id) from auth.user) as customers,
      (select count(*) from portal.support_note) as support_notes,
      orders.*,
      stock.*
    from orders.counts() as orders, inventory.counts(${lowStockBelow}) as stock`.execute(trx);
  return rows[0] as DashboardCounts;
}
