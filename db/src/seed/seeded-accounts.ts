import type { StaffRole } from '@signet/schema/contract';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../tables.ts';
import { shownCustomers, shownStaff } from './tenants.ts';

/** The password of every seeded account. It is in the README: nothing that holds it may be open to the world. */
export const seedPassword = 'correct horse battery staple';

/** The accounts to show to a developer, with the slug of the tenant in which they are. */
export type SeededAccounts = {
  password: string;
  customers: { email: string; fullName: string; tenant: string }[];
  staff: { email: string; role: StaffRole; tenant: string }[];
};

/** The shown accounts that the seed's password still opens; undefined where nothing was seeded. */
export async function readSeededAccounts(trx: Transaction<Database>): Promise<SeededAccounts | undefined> {
  const tenants = await trx
    .selectFrom('auth.development_seed as seed')
    .innerJoin('auth.tenant as tenant', 'tenant.id', 'seed.tenant_id')
    .select(['tenant.id', 'tenant.slug'])
    .execute();
  if (tenants.length === 0) return undefined;
  const idOf = new Map(tenants.map(({ id, slug }) => [slug, id]));
  const accounts: SeededAccounts = { password: seedPassword, customers: [], staff: [] };
  for (const { tenant, email } of shownCustomers) {
    if (!(await enterTenant(trx, idOf.get(tenant)))) continue;
    const row = await trx
      .selectFrom('auth.user')
      .select('full_name')
      .where((eb) => eb.and(usable(email)))
      .executeTakeFirst();
    if (row) accounts.customers.push({ email, fullName: row.full_name, tenant });
  }
  for (const { tenant, email } of shownStaff) {
    if (!(await enterTenant(trx, idOf.get(tenant)))) continue;
    const row = await trx
      .selectFrom('auth.portal_user')
      .select('role')
      .where((eb) => eb.and(usable(email)))
      .executeTakeFirst();
    if (row) accounts.staff.push({ email, role: row.role, tenant });
  }
  return accounts;
}

async function enterTenant(trx: Transaction<Database>, id: string | undefined): Promise<boolean> {
  if (id === undefined) return false;
  await sql`select set_config('app.tenant', ${id}, true)`.execute(trx);
  return true;
}

/** Version 1 of the password is the seed's. */
function usable(email: string) {
  return { email, is_seeded: true, is_active: true, password_version: 1 };
}
