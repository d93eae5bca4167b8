import type { Insertable } from 'kysely';
import type { PortalUserTable, UserTable } from '../tables.ts';
import type { BuildContext } from './build-products.ts';
import { before, createIdAt } from './time.ts';

export type SeedPasswordHash = { passwordHash: string; pepperId: string };
export type UserRow = Insertable<UserTable> & { id: string; email: string; created_at: Date };
export type StaffRow = Insertable<PortalUserTable> & { id: string; created_at: Date };

export function buildCustomers(ctx: BuildContext, password: SeedPasswordHash): UserRow[] {
  return ctx.plan.customers.map(({ email, fullName, isActive = true, orders }) => {
    // Whoever the plan names with orders was there from the start, so that these spread over the months.
    const createdAt = before(ctx.now, orders ? 400 : 3 + 397 * ctx.random.next());
    return { ...buildAccount(ctx, { email, isActive, createdAt }, password), full_name: fullName };
  });
}

export function buildStaff(ctx: BuildContext, password: SeedPasswordHash): StaffRow[] {
  return ctx.plan.staff.map(({ email, fullName, role, isActive = true }) => {
    const createdAt = before(ctx.now, 420);
    return { ...buildAccount(ctx, { email, isActive, createdAt }, password), full_name: fullName, role };
  });
}

type Account = { email: string; isActive: boolean; createdAt: Date };

function buildAccount(
  ctx: BuildContext,
  { email, isActive, createdAt }: Account,
  password: SeedPasswordHash,
) {
  return {
    id: createIdAt(createdAt),
    tenant_id: ctx.tenantId,
    email,
    email_verified: true,
    password_hash: password.passwordHash,
    pepper_id: password.pepperId,
    is_active: isActive,
    is_seeded: true,
    created_at: createdAt,
    updated_at: createdAt,
  };
}
