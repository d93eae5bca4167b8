import { randomBytes } from 'node:crypto';
import { staffRoles } from '@signet/schema/contract';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPepper, verifyPassword } from '../password-hash.ts';
import { assertSeedable, findSeededAccounts, SeedError, seedDevelopment, seedPassword } from './index.ts';

const hashPassword = async () => ({ passwordHash: 'hash', pepperId: 'pepper' });

/** How the seed runs. What it makes is in seed.test.ts. */
describe('seedDevelopment', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  it('finds no accounts and no hindrance in an empty database', async () => {
    expect(await findSeededAccounts(database.adminUrl)).toBeUndefined();
    await expect(assertSeedable(database.adminUrl)).resolves.toBeUndefined();
  });

  it('does nothing the second time', async () => {
    const first = await seedDevelopment(database.adminUrl, { hashPassword });
    const before = await fingerprint(database);
    await assertSeedable(database.adminUrl);
    expect(await seedDevelopment(database.adminUrl, { hashPassword })).toEqual(first);
    expect(await fingerprint(database)).toEqual(before);
  });

  it('leaves PostgreSQL with a count of every table, as a statement for a few ids reads all rows without', async () => {
    await seedDevelopment(database.adminUrl, { hashPassword });
    const uncounted = `select oid::regclass::text from pg_class where relkind in ('r', 'p') and reltuples < 0
      and relnamespace in (select oid from pg_namespace where nspname !~ '^(pg_|information_schema)')`;
    expect(await database.query(uncounted)).toEqual([]);
  });

  it('seeds once when two start together', async () => {
    const seed = () => seedDevelopment(database.adminUrl, { hashPassword });
    const [one, other] = await Promise.all([seed(), seed()]);
    expect(other).toEqual(one);
    expect(await database.query('select slug from auth.tenant')).toHaveLength(2);
  });

  it('makes the same people every time', async () => {
    const now = new Date('2026-11-21T12:00:00Z');
    const other = await createTestDatabase();
    await seedDevelopment(database.adminUrl, { hashPassword, now });
    await seedDevelopment(other.adminUrl, { hashPassword, now });
    expect(await fingerprint(other)).toEqual(await fingerprint(database));
    await other.drop();
  });

  it('leaves a database alone that has a tenant of its own', async () => {
    await database.addTenant('acme');
    const refusal = new SeedError(
      'The database has tenants already (acme): only an empty one is seeded for development.',
    );
    await expect(assertSeedable(database.adminUrl)).rejects.toThrow(refusal);
    await expect(seedDevelopment(database.adminUrl, { hashPassword })).rejects.toThrow(refusal);
    expect(await database.query('select slug from auth.tenant')).toEqual([{ slug: 'acme' }]);
  });

  it('leaves nothing when it fails', async () => {
    const unusable = async () => ({ passwordHash: null as unknown as string, pepperId: 'pepper' });
    await expect(seedDevelopment(database.adminUrl, { hashPassword: unusable })).rejects.toThrow(
      'password_hash',
    );
    expect(await database.query('select slug from auth.tenant')).toEqual([]);
    expect(await findSeededAccounts(database.adminUrl)).toBeUndefined();
  });

  it('says what to do about a database that is not migrated', async () => {
    await database.query('drop schema portal cascade');
    await expect(seedDevelopment(database.adminUrl, { hashPassword })).rejects.toThrow(
      'The database is not migrated: run `npm run db -- migrate` before seeding.',
    );
  });

  it('hashes the one password with the pepper', async () => {
    const pepper = createPepper(randomBytes(32));
    await seedDevelopment(database.adminUrl, { pepper });
    const hashes = await database.query(
      'select distinct password_hash, pepper_id from auth.user union select distinct password_hash, pepper_id from auth.portal_user',
    );
    expect(hashes).toHaveLength(1);
    expect(hashes[0].pepper_id).toBe(pepper.id);
    expect(verifyPassword(seedPassword, hashes[0].password_hash, pepper)).toBe(true);
  });

  it('needs no superuser, only a member of the owner', async () => {
    const admin = `signet_test_${randomBytes(5).toString('hex')}`;
    await database.query(`create role ${admin} login password 'secret'`);
    await database.query(`grant signet_owner to ${admin}`);
    const url = Object.assign(new URL(database.adminUrl), { username: admin, password: 'secret' }).href;
    try {
      const accounts = await seedDevelopment(url, { hashPassword });
      expect(accounts.customers).toHaveLength(2);
      expect(await findSeededAccounts(url)).toEqual(accounts);
    } finally {
      await database.query(`drop role ${admin}`);
    }
  });

  it('shows no account whose password was changed or that was switched off', async () => {
    await seedDevelopment(database.adminUrl, { hashPassword });
    await database.query(`update auth.user set password_version = 2 where email = 'ada@example.com'`);
    await database.query(`update auth.portal_user set is_active = false where email = 'support@example.com'`);
    const accounts = await findSeededAccounts(database.adminUrl);
    expect(accounts?.customers.map(({ email }) => email)).toEqual(['grete.halvik@example.com']);
    expect(accounts?.staff.map(({ role }) => role)).toEqual(staffRoles.filter((role) => role !== 'support'));
  });
});

/** All but the ids. */
function fingerprint(database: TestDatabase) {
  return database.query(`
    select u.email, u.full_name, u.is_active, u.created_at,
      (select array_agg(n.created_at || n.body order by n.created_at) from portal.support_note n where n.user_id = u.id) as notes
    from auth.user u join auth.tenant t on t.id = u.tenant_id order by t.slug, u.email`);
}
