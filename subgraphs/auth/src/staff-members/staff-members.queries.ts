import type { Database } from '@signet/db';
import type { PageRequest } from '@signet/subgraph';
import { sql, type Transaction } from 'kysely';
import type { StaffAccount } from '../accounts/account.ts';
import { portalTables } from '../accounts/platform-tables.ts';

/** By e-mail; one row more than the page where there is a next one. */
export async function findStaffPage(
  trx: Transaction<Database>,
  { first, after }: PageRequest<string>,
): Promise<StaffAccount[]> {
  const follows = after ? sql`(email, id) > (${after.key}, ${after.id})` : sql`true`;
  const { rows } = await sql<StaffAccount>`
    select ${portalTables.accountColumns} from ${portalTables.account}
    where ${follows} order by email, id limit ${first + 1}
  `.execute(trx);
  return rows;
}
