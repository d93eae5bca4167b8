import { seedDevelopment } from '@signet/db/seed';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const now = new Date('2026-11-21T12:00:00Z');
const hashPassword = async () => ({ passwordHash: 'hash', pepperId: 'pepper' });

/** What the seeds of the whole shop make together: orders come last. */
describe("the shop's development seed", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await seedDevelopment(database.adminUrl, { hashPassword, now });
  });
  afterAll(() => database.drop());

  const count = async (from: string) =>
    Number((await database.query(`select count(*) as n from ${from}`))[0].n);
  const countIn = (slug: string, table: string) =>
    count(`${table} t join auth.tenant on tenant.id = t.tenant_id where tenant.slug = '${slug}'`);

  it.each([
    ['demo', 12, 300, 50],
    ['globex', 2, 10, 3],
  ])('fills %s', async (slug, categories, products, customers) => {
    expect(await countIn(slug, 'catalog.category')).toBe(categories);
    expect(await countIn(slug, 'catalog.product')).toBe(products);
    expect(await countIn(slug, 'inventory.stock')).toBe(products);
    expect(await countIn(slug, 'orders.order')).toBeGreaterThan(customers);
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
  });

  it('makes the same shop every time', async () => {
    const other = await createTestDatabase();
    await seedDevelopment(other.adminUrl, { hashPassword, now });
    expect(await fingerprint(other)).toEqual(await fingerprint(database));
    await other.drop();
  });

  it('shows a process of one tenant nothing of the other', async () => {
    const [globex] = await database.query(`select id from auth.tenant where slug = 'globex'`);
    const client = new pg.Client({ connectionString: database.urlOf('signet_catalog') });
    await client.connect();
    await client.query(`select set_config('app.tenant', $1, false)`, [globex.id]);
    const { rows } = await client.query('select count(*)::int as products from catalog.product');
    await client.end();
    expect(rows).toEqual([{ products: 10 }]);
  });
});

function daysAgo(days: number): string {
  return new Date(now.getTime() - days * 86_400_000).toISOString();
}

/** All but the ids. */
function fingerprint(database: TestDatabase) {
  return database.query(`
    select p.sku, p.name, p.description, p.price_amount, p.created_at, p.archived_at, s.on_hand, s.reserved,
      (select array_agg(o.placed_at || o.status || i.quantity order by o.placed_at, i.position)
       from orders.order_item i join orders.order o on o.id = i.order_id where i.product_id = p.id) as sold
    from catalog.product p join inventory.stock s on s.product_id = p.id order by p.sku`);
}
