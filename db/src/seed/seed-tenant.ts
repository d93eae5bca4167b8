import { type Insertable, sql, type Transaction } from 'kysely';
import type { Database, SupportNoteTable } from '../tables.ts';
import {
  before,
  createIdAt,
  createRandom,
  insertRows,
  type SeedContext,
  type SeededCustomer,
  type SeededStaff,
} from './seed-context.ts';
import { noteTexts, type TenantPlan } from './tenants.ts';

export type SeedPasswordHash = { passwordHash: string; pepperId: string };
type Builder = Pick<SeedContext, 'tenant' | 'random' | 'now'>;

/** Creates the tenant with its accounts and notes, and marks it as made by the seed. Returns what the seeds of subgraphs are given. */
export async function seedTenant(
  trx: Transaction<Database>,
  plan: TenantPlan,
  password: SeedPasswordHash,
  now: Date,
): Promise<Omit<SeedContext, 'random'>> {
  const tenant = { id: createIdAt(before(now, 540)), slug: plan.slug };
  const builder = { tenant, random: createRandom(plan.slug), now };
  await createTenant(trx, plan, tenant.id, now);
  const customers = buildCustomers(builder, plan, password);
  const staff = buildStaff(builder, plan, password);
  await insertRows(trx, 'auth.user', customers);
  await insertRows(trx, 'auth.portal_user', staff);
  await insertRows(trx, 'portal.support_note', buildNotes(builder, plan.notes, customers, staff));
  return { trx, tenant, customers, staff, now };
}

/** Row security binds the owner too: from here on the transaction reads and writes rows of this tenant only. */
async function createTenant(
  trx: Transaction<Database>,
  { slug, name, selfRegistration }: TenantPlan,
  id: string,
  now: Date,
): Promise<void> {
  await trx
    .insertInto('auth.tenant')
    .values({ id, slug, name, self_registration: selfRegistration, created_at: before(now, 540) })
    .execute();
  await trx.insertInto('auth.development_seed').values({ tenant_id: id, seeded_at: now }).execute();
  await sql`select set_config('app.tenant', ${id}, true)`.execute(trx);
}

function buildCustomers(builder: Builder, plan: TenantPlan, password: SeedPasswordHash): SeededCustomer[] {
  return plan.customers.map(({ email, fullName, isActive = true, isFirst }) => {
    const createdAt = before(builder.now, isFirst ? 400 : 3 + 397 * builder.random.next());
    return { ...buildAccount(builder, { email, isActive, createdAt }, password), full_name: fullName };
  });
}

function buildStaff(builder: Builder, plan: TenantPlan, password: SeedPasswordHash): SeededStaff[] {
  return plan.staff.map(({ email, fullName, role, isActive = true }) => {
    const createdAt = before(builder.now, 420);
    return { ...buildAccount(builder, { email, isActive, createdAt }, password), full_name: fullName, role };
  });
}

type Account = { email: string; isActive: boolean; createdAt: Date };

function buildAccount(
  { tenant }: Builder,
  { email, isActive, createdAt }: Account,
  { passwordHash, pepperId }: SeedPasswordHash,
) {
  return {
    id: createIdAt(createdAt),
    tenant_id: tenant.id,
    email,
    email_verified: true,
    password_hash: passwordHash,
    pepper_id: pepperId,
    is_active: isActive,
    is_seeded: true,
    created_at: createdAt,
    updated_at: createdAt,
  };
}

/** Each was written after its customer signed up. */
function buildNotes(
  { tenant, random, now }: Builder,
  count: number,
  customers: readonly SeededCustomer[],
  staff: readonly SeededStaff[],
): Insertable<SupportNoteTable>[] {
  return Array.from({ length: count }, (_, index) => {
    const customer = random.pick(customers);
    const age = now.getTime() - customer.created_at.getTime();
    const createdAt = new Date(customer.created_at.getTime() + age * (0.05 + 0.9 * random.next()));
    return {
      id: createIdAt(createdAt),
      tenant_id: tenant.id,
      user_id: customer.id,
      staff_id: random.pick(staff).id,
      body: noteTexts[index % noteTexts.length] ?? '',
      created_at: createdAt,
    };
  });
}
