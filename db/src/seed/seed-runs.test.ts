import { randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import pg from 'pg';
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

  it('seeds once when two start together', async () => {
    const seed = () => seedDevelopment(database.adminUrl, { hashPassword });
    const [one, other] = await Promise.all([seed(), seed()]);
    expect(other).toEqual(one);
    expect(await database.query('select slug from auth.tenant')).toHaveLength(2);
  });

  it('makes the same shop every time', async () => {
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
    expect(accounts?.staff.map(({ role }) => role)).toEqual(['operations', 'super_admin']);
  });

  it('shows a process of one tenant nothing of the other', async () => {
    await seedDevelopment(database.adminUrl, { hashPassword });
    const [globex] = await database.query(`select id from auth.tenant where slug = 'globex'`);
    const client = new pg.Client({ connectionString: database.urlOf('signet_catalog') });
    await client.connect();
    await client.query(`select set_config('app.tenant', $1, false)`, [globex.id]);
    const { rows } = await client.query('select count(*)::int as products from catalog.product');
    await client.end();
    expect(rows).toEqual([{ products: 10 }]);
  });
});

/** All but the ids. */
function fingerprint(database: TestDatabase) {
  return database.query(`
    select p.sku, p.name, p.description, p.price_amount, p.created_at, p.archived_at, s.on_hand, s.reserved,
      (select array_agg(o.placed_at || o.status || i.quantity order by o.placed_at, i.position)
       from orders.order_item i join orders.order o on o.id = i.order_id where i.product_id = p.id) as sold
    from catalog.product p join inventory.stock s on s.product_id = p.id order by p.sku`);
}
