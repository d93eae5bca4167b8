import { randomBytes } from 'node:crypto';
import type { StaffRole } from '@signet/schema/contract';
import type { TestDatabase } from './database.ts';

/** Rows for tests, written as the admin. Names are random unless given: tests of one file share a database. */
type Account = { id: string; email: string };

export async function addUser(
  database: TestDatabase,
  tenantId: string,
  { email = `${randomName()}@example.com`, fullName = 'A Customer', isActive = true } = {},
): Promise<Account> {
  const id = await insert(
    database,
    `insert into auth.user (tenant_id, email, full_name, is_active, password_hash, pepper_id)
     values ($1, $2, $3, $4, 'none', 'none') returning id`,
    [tenantId, email, fullName, isActive],
  );
  return { id, email };
}

export async function addStaff(database: TestDatabase, tenantId: string, role: StaffRole): Promise<Account> {
  const email = `${randomName()}@example.com`;
  const id = await insert(
    database,
    `insert into auth.portal_user (tenant_id, email, full_name, role, password_hash, pepper_id)
     values ($1, $2, 'A Member', $3, 'none', 'none') returning id`,
    [tenantId, email, role],
  );
  return { id, email };
}

/** A session of staff that lives. Returns its id, for the claim `sid`. */
export async function addStaffSession(
  database: TestDatabase,
  tenantId: string,
  staffId: string,
): Promise<string> {
  return insert(
    database,
    `insert into auth.portal_session (tenant_id, staff_id, password_version, amr, expires_at)
     values ($1, $2, 1, '{pwd}', now() + interval '1 hour') returning id`,
    [tenantId, staffId],
  );
}

async function insert(database: TestDatabase, sql: string, values: unknown[]): Promise<string> {
  const [row] = await database.query<{ id: string }>(sql, values);
  return (row as { id: string }).id;
}

function randomName(): string {
  return randomBytes(6).toString('hex');
}
