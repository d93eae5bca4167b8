import { staffRoles } from '@signet/schema/contract';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findSeededAccounts, type SeededAccounts, seedDevelopment, seedPassword } from './index.ts';

const now = new Date('2026-11-21T12:00:00Z');
const hashPassword = async () => ({ passwordHash: 'hash', pepperId: 'pepper' });

/** What the seed makes. How it runs is in seed-runs.test.ts. */
describe('the development seed', () => {
  let database: TestDatabase;
  let accounts: SeededAccounts;
  beforeAll(async () => {
    database = await createTestDatabase();
    accounts = await seedDevelopment(database.adminUrl, { hashPassword, now });
  });
  afterAll(() => database.drop());

  const count = async (from: string) =>
    Number((await database.query(`select count(*) as n from ${from}`))[0].n);
  const countIn = (slug: string, table: string) =>
    count(`${table} t join auth.tenant on tenant.id = t.tenant_id where tenant.slug = '${slug}'`);

  it('tells whom to sign in as, at once and later', async () => {
    expect(accounts).toEqual({
      password: seedPassword,
      customers: [
        { email: 'ada@example.com', fullName: 'Ada Example', tenant: 'demo' },
        { email: 'grete.halvik@example.com', fullName: 'Grete Halvik', tenant: 'globex' },
      ],
      // A role that an installation has added has a member too.
      staff: staffRoles.map((role) => ({
        email: `${role === 'super_admin' ? 'admin' : role.replaceAll('_', '-')}@example.com`,
        role,
        tenant: 'demo',
      })),
    });
    expect(await findSeededAccounts(database.adminUrl)).toEqual(accounts);
  });

  it.each([
    ['demo', 50, staffRoles.length + 2, 60],
    ['globex', 3, 2, 3],
  ])('fills %s', async (slug, customers, staff, notes) => {
    expect(await countIn(slug, 'auth.user')).toBe(customers);
    expect(await countIn(slug, 'auth.portal_user')).toBe(staff);
    expect(await countIn(slug, 'portal.support_note')).toBe(notes);
  });

  it('opens registration at demo only', async () => {
    const tenants = await database.query('select slug, self_registration from auth.tenant order by slug');
    expect(tenants).toEqual([
      { slug: 'demo', self_registration: true },
      { slug: 'globex', self_registration: false },
    ]);
  });

  it('flags every account as seeded, with its e-mail verified', async () => {
    for (const table of ['auth.user', 'auth.portal_user']) {
      expect(
        await count(`${table} where not is_seeded or not email_verified or password_hash <> 'hash'`),
      ).toBe(0);
      expect(await count(`${table} where email not like '%@example.com'`)).toBe(0);
    }
  });

  it('lets nobody write a note before its customer signed up or after now', async () => {
    expect(
      await count(`portal.support_note n join auth.user u on u.id = n.user_id
        where n.created_at <= u.created_at or n.created_at > '${now.toISOString()}'`),
    ).toBe(0);
  });

  it('gives Ada another account in another tenant', async () => {
    expect(await count(`auth.user where email = 'ada@example.com'`)).toBe(2);
  });
});
