import { staffRoles } from '@signet/schema/contract';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDatabase } from '../database.ts';
import { migrateToLatest } from './migrate.ts';
import { allowStaffRoles, findMissingRoles } from './staff-roles.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

async function asOwner<T>(fn: (trx: Kysely<unknown>) => Promise<T>): Promise<T> {
  await using owner = createDatabase<unknown>(database.adminUrl, { maxConnections: 1 });
  return await owner.transaction().execute(async (trx) => {
    await sql`set local role signet_owner`.execute(trx);
    return await fn(trx);
  });
}

/** As auth for staff, which has no rights but its own. */
async function asAuth<T>(fn: (db: Kysely<unknown>) => Promise<T>): Promise<T> {
  await using db = createDatabase<unknown>(database.urlOf('signet_auth_portal'), { maxConnections: 1 });
  return await fn(db);
}

const addMember = async (role: string) => {
  const tenant = await database.addTenant(`of-${role.replaceAll('_', '-')}`);
  await database.query(
    `insert into auth.portal_user (tenant_id, email, full_name, role, password_hash, pepper_id) values ($1, 'a@example.com', 'A', $2, '-', '-')`,
    [tenant, role],
  );
};

it('a migrated database takes every role of schema/contract', async () => {
  expect(await asAuth((db) => findMissingRoles(db))).toEqual([]);
  for (const role of staffRoles) await addMember(role);
  await expect(addMember('root')).rejects.toThrow('portal_user_role_check');
});

it('takes a role that was added, and every one that it took before', async () => {
  const roles = ['Warden_2', 'warden', 'super_admin'];
  expect(await asAuth((db) => findMissingRoles(db, roles))).toEqual(['Warden_2', 'warden']);
  expect(await asOwner((trx) => allowStaffRoles(trx, roles))).toEqual(['Warden_2', 'warden']);
  expect(await asAuth((db) => findMissingRoles(db, roles))).toEqual([]);
  for (const role of ['warden', 'support']) await addMember(role);
  await expect(addMember('root')).rejects.toThrow('portal_user_role_check');
  expect(await asOwner((trx) => allowStaffRoles(trx, roles))).toEqual([]);
});

it('is brought up to date by the next run of migrations, which says so', async () => {
  const [first = 'support', ...others] = staffRoles;
  await database.query(`alter table auth.portal_invitation drop constraint portal_invitation_role_check,
    add constraint portal_invitation_role_check check (role in (${others.map((role) => `'${role}'`)}))`);
  expect(await asAuth((db) => findMissingRoles(db))).toEqual([first]);
  const added: string[] = [];
  const onRoles = (roles: readonly string[]) => added.push(...roles);
  expect(await migrateToLatest(database.adminUrl, { onRoles })).toEqual([]);
  expect(added).toEqual([first]);
  expect(await asAuth((db) => findMissingRoles(db))).toEqual([]);
});

it('says where a row has a role that neither the constraint nor the contract has', async () => {
  await database.query('alter table auth.portal_user drop constraint portal_user_role_check');
  await addMember('warden');
  await expect(migrateToLatest(database.adminUrl)).rejects.toThrow(
    /^rows of auth\.portal_user have a role that neither/,
  );
  await database.query(`update auth.portal_user set role = 'support'`);
  await migrateToLatest(database.adminUrl);
  await expect(addMember('root')).rejects.toThrow('portal_user_role_check');
});
