import type { Database } from '@signet/db';
import type { StaffRole } from '@signet/schema/contract';
import { sql, type Transaction } from 'kysely';
import { portalTables } from '../accounts/platform-tables.ts';

type Trx = Transaction<Database>;

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
