import { createHmac, randomBytes } from 'node:crypto';
import { createPepper } from '@signet/db/password-hash';
import type { StaffRole } from '@signet/schema/contract';
import type { TestDatabase } from '@signet/testing';
import bcrypt from 'bcryptjs';

export const testPepper = randomBytes(32);
export const testPassword = 'six green apples on a roof';
/** The lowest: a compare takes 2 ms instead of 350. */
export const testPasswordCost = 4;

export type TestAccount = { id: string; email: string; password: string };
type AccountOptions = { tenantId: string; email?: string; isActive?: boolean; isSeeded?: boolean };

const storedPassword = {
  // Written out here on purpose: what production hashed must stay readable.
  hash: bcrypt.hashSync(
    createHmac('sha256', testPepper).update(testPassword).digest('base64'),
    testPasswordCost,
  ),
  pepperId: createPepper(testPepper).id,
};

export async function addCustomer(database: TestDatabase, options: AccountOptions): Promise<TestAccount> {
  const { tenantId, email = randomEmail(), isActive = true, isSeeded = false } = options;
  const [row] = await database.query<{ id: string }>(
    `insert into auth.user (tenant_id, email, full_name, is_active, is_seeded, password_hash, pepper_id)
     values ($1, $2, 'A Customer', $3, $4, $5, $6) returning id`,
    [tenantId, email, isActive, isSeeded, storedPassword.hash, storedPassword.pepperId],
  );
  return { id: row?.id ?? '', email, password: testPassword };
}

export async function addStaffMember(
  database: TestDatabase,
  { role = 'support', ...options }: AccountOptions & { role?: StaffRole },
): Promise<TestAccount> {
  const { tenantId, email = randomEmail(), isActive = true, isSeeded = false } = options;
  const [row] = await database.query<{ id: string }>(
    `insert into auth.portal_user (tenant_id, email, full_name, role, is_active, is_seeded, password_hash, pepper_id)
     values ($1, $2, 'A Member', $3, $4, $5, $6, $7) returning id`,
    [tenantId, email, role, isActive, isSeeded, storedPassword.hash, storedPassword.pepperId],
  );
  return { id: row?.id ?? '', email, password: testPassword };
}

function randomEmail(): string {
  return `${randomBytes(6).toString('hex')}@example.com`;
}
