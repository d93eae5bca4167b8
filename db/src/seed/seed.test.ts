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
      staff: [
        { email: 'support@example.com', role: 'support', tenant: 'demo' },
        { email: 'operations@example.com', role: 'operations', tenant: 'demo' },
        { email: 'admin@example.com', role: 'super_admin', tenant: 'demo' },
      ],
    });
    expect(await findSeededAccounts(database.adminUrl)).toEqual(accounts);
  });

  it.each([
    ['demo', 12, 300, 50, 5, 60],
    ['globex', 2, 10, 3, 2, 3],
  ])('fills %s', async (slug, categories, products, customers, staff, notes) => {
    expect(await countIn(slug, 'catalog.category')).toBe(categories);
    expect(await countIn(slug, 'catalog.product')).toBe(products);
    expect(await countIn(slug, 'inventory.stock')).toBe(products);
    expect(await countIn(slug, 'auth.user')).toBe(customers);
    expect(await countIn(slug, 'auth.portal_user')).toBe(staff);
    expect(await countIn(slug, 'portal.support_note')).toBe(notes);
    expect(await countIn(slug, 'orders.order')).toBeGreaterThan(customers);
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

  it('reserves exactly what placed orders wait for', async () => {
    const wrong = await database.query(`
      select s.product_id from inventory.stock s
      left join (
        select i.product_id, sum(i.quantity) as waiting from orders.order_item i
        join orders.order o on o.id = i.order_id where o.status = 'placed' group by 1
      ) w using (product_id)
      where s.reserved <> coalesce(w.waiting, 0) or s.reserved > s.on_hand`);
    expect(wrong).toEqual([]);
    expect(await count('inventory.stock where reserved > 0')).toBeGreaterThan(20);
  });

  it('has products out of stock, low on stock, archived and new', async () => {
    expect(await count('inventory.stock where on_hand = reserved')).toBeGreaterThan(5);
    expect(await count('inventory.stock where on_hand - reserved between 1 and 4')).toBeGreaterThan(10);
    const archived = await count('catalog.product where archived_at is not null');
    expect(archived).toBeGreaterThanOrEqual(3);
    expect(archived).toBeLessThan(15);
    expect(await count(`catalog.product where created_at > '2026-10-21'`)).toBeGreaterThan(10);
  });

  it('charges for each order the sum of its items, one to five', async () => {
    const wrong = await database.query(`
      select o.id from orders.order o left join orders.order_item i on i.order_id = o.id
      group by o.id
      having o.total_amount is distinct from sum(i.quantity * i.unit_price_amount) or count(*) not between 1 and 5`);
    expect(wrong).toEqual([]);
  });

  it('lets nothing happen before its cause or after now', async () => {
    expect(
      await count(`orders.order o join auth.user u on u.id = o.user_id
        where o.placed_at <= u.created_at or o.placed_at > '${now.toISOString()}'
           or o.shipped_at <= o.placed_at or o.shipped_at > '${now.toISOString()}'
           or o.cancelled_at <= o.placed_at or o.cancelled_at > '${now.toISOString()}'`),
    ).toBe(0);
    expect(
      await count(`orders.order_item i join orders.order o on o.id = i.order_id join catalog.product p on p.id = i.product_id
        where p.created_at >= o.placed_at or p.archived_at <= o.placed_at`),
    ).toBe(0);
    expect(await count(`portal.support_note where created_at > '${now.toISOString()}'`)).toBe(0);
  });

  it('shows a shop that is alive: orders of every status, most of the last 90 days, some of today', async () => {
    const all = await countIn('demo', 'orders.order');
    const since = (days: number) => count(`orders.order where placed_at > '${daysAgo(days)}'`);
    expect(await since(90)).toBeGreaterThan(0.7 * all);
    expect(await since(1)).toBeGreaterThanOrEqual(5);
    for (const status of ['placed', 'shipped', 'cancelled']) {
      expect(await count(`orders.order where status = '${status}'`)).toBeGreaterThan(15);
    }
  });

  it('gives Ada at least eight orders, and another account in another tenant', async () => {
    const rows = await database.query(`
      select tenant.slug, count(o.id)::int as orders, count(distinct o.status)::int as statuses from auth.user u
      join auth.tenant on tenant.id = u.tenant_id left join orders.order o on o.user_id = u.id
      where u.email = 'ada@example.com' group by 1 order by 1`);
    expect(rows[0]).toMatchObject({ slug: 'demo', statuses: 3 });
    expect(rows[0].orders).toBeGreaterThanOrEqual(8);
    expect(rows[1]).toMatchObject({ slug: 'globex' });
    expect(rows).toHaveLength(2);
  });

  it('describes each product in two sentences, under a name and a SKU of its own', async () => {
    const rows = await database.query(
      `select p.name, sku, description, price_amount from catalog.product p join auth.tenant on tenant.id = p.tenant_id
       where tenant.slug = 'demo'`,
    );
    expect(new Set(rows.map((row) => row.name)).size).toBe(300);
    for (const row of rows) {
      expect(row.description).toMatch(/^[A-Z].+\. [A-Z].+\.$/);
      expect(row.sku).toMatch(/^[A-Z]{3}-\d{4}$/);
    }
  });
});

function daysAgo(days: number): string {
  return new Date(now.getTime() - days * 86_400_000).toISOString();
}
