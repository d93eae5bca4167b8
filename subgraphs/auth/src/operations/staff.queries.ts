import type { Database } from '@signet/db';
import type { StaffRole } from '@signet/schema/contract';
import type { PageRequest } from '@signet/subgraph';
import { sql, type Transaction } from 'kysely';
import { portalTables, type StaffAccount } from '../accounts/account.ts';

type Trx = Transaction<Database>;

/** A page by e-mail, with one row more than asked for where there is a next page. */
export async function findStaffPage(
  trx: Trx,
  { first, after }: PageRequest<string>,
): Promise<StaffAccount[]> {
  const follows = after ? sql`(email, id) > (${after.key}, ${after.id})` : sql`true`;
  const { rows } = await sql<StaffAccount>`
    select ${portalTables.accountColumns} from ${portalTables.account}
    where ${follows} order by email, id limit ${first + 1}
  `.execute(trx);
  return rows;
}

export async function setStaffActive(trx: Trx, id: string, isActive: boolean): Promise<void> {
  await sql`
    update ${portalTables.account} set is_active = ${isActive}, updated_at = now() where id = ${id}
  `.execute(trx);
}

export async function setStaffRole(trx: Trx, id: string, role: StaffRole): Promise<void> {
  await sql`
    update ${portalTables.account} set role = ${role}, updated_at = now() where id = ${id}
  `.execute(trx);
}
