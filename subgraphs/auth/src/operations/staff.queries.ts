import type { Database } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import { type StaffRole, staffRoles } from '@signet/schema/contract';
import { type PageRequest, toContainsPattern } from '@signet/subgraph';
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

/** By name. At most 100. Without those whose role is gone: they can't sign in, and no list with them could be shown. */
export async function findActiveStaff(trx: Trx, search: string): Promise<StaffAccount[]> {
  const pattern = toContainsPattern(search);
  const { rows } = await sql<StaffAccount>`
    select ${portalTables.accountColumns} from ${portalTables.account}
    where is_active and role = any(${staffRoles}::text[]) and (email ilike ${pattern} or full_name ilike ${pattern}) order by full_name, email limit 100
  `.execute(trx);
  return rows;
}

export async function setStaffActive(trx: Trx, id: string, isActive: boolean): Promise<void> {
  await sql`
    update ${portalTables.account} set is_active = ${isActive}, updated_at = now() where id = ${id}
  `.execute(trx);
}

/** Keeps when a super_admin stopped being one. */
export async function setStaffRole(trx: Trx, id: string, role: StaffRole): Promise<void> {
  await sql`
    update ${portalTables.account} set role = ${role}, updated_at = now(),
      last_super_admin_at = case when role = 'super_admin' then now() else last_super_admin_at end
    where id = ${id}
  `.execute(trx);
}

/**
 * Notes that an identity provider has said which role a member has, whose row the transaction has locked.
 *
 * @param since when the provider was asked, by the database's clock.
 * @returns false where somebody has decided about the role since then: an administrator, an operator, the provider itself.
 */
export async function noteRoleWord(trx: Trx, id: string, since: Date): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update ${portalTables.account} set role_decided_at = ${since}
    where id = ${id} and (role_decided_at is null or role_decided_at <= ${since})
  `.execute(trx);
  return numAffectedRows === 1n;
}

/**
 * Hands the customers whom a member is responsible for to another, or frees them: by the function of portal, which decides who is
 * responsible for whom.
 *
 * @returns how many there were.
 */
export async function reassignCustomers(
  trx: Trx,
  leaverId: string,
  successorId: string | undefined,
): Promise<number> {
  const { rows } = await sql<{ changed: number }>`
    select access.reassign_customers(${leaverId}, ${successorId ?? null}) as changed`.execute(trx);
  return rows[0]?.changed ?? 0;
}

type NewStaffMember = Pick<StaffAccount, 'email' | 'fullName' | 'role' | 'language'> & {
  tenantId: string;
  password: PasswordHash;
};

/**
 * An account for somebody who has proved to read the mail of its address.
 *
 * @returns undefined where the address is a member's already.
 */
export async function insertStaffMember(
  trx: Trx,
  { tenantId, email, fullName, role, language, password }: NewStaffMember,
): Promise<StaffAccount | undefined> {
  const { rows } = await sql<StaffAccount>`
    insert into ${portalTables.account}
      (tenant_id, email, email_verified, full_name, role, language, password_hash, pepper_id)
    values (${tenantId}, ${email}, true, ${fullName}, ${role}, ${language}, ${password.hash}, ${password.pepperId})
    on conflict (tenant_id, email) do nothing
    returning ${portalTables.accountColumns}
  `.execute(trx);
  return rows[0];
}
