import { migrateToLatest, rollback } from '@signet/db';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

// Databases are taken down and built again, statement by statement: how long that takes is up to the machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

const composed = '\u00c9';
const decomposed = 'E\u0301';

/** Takes migrations back, the given one last. */
async function rollbackThrough(name: string): Promise<void> {
  for (let undone = await rollback(database.adminUrl); !undone.includes(name); ) {
    expect(undone).not.toEqual([]);
    undone = await rollback(database.adminUrl);
  }
}

it('gives the texts of earlier rows the form of new ones, and loses no SKU that another product has', async () => {
  await rollbackThrough('catalog/0002-search-and-sorting');
  const tenants = [await database.addTenant('one'), await database.addTenant('two')];
  const categories = await Promise.all(
    tenants.map(async (tenant) => {
      const [row] = await database.query(
        'insert into catalog.category (tenant_id, slug, name) values ($1, $2, $3) returning id',
        [tenant, 'lamps', `${decomposed}toile`],
      );
      return row.id as string;
    }),
  );
  const add = (shop: 0 | 1, sku: string, name = 'a') =>
    database.query(
      `insert into catalog.product (tenant_id, category_id, sku, name, description, price_amount, currency) values ($1, $2, $3, $4, $5, 1, 'EUR')`,
      [tenants[shop], categories[shop], sku, name, `${decomposed} ${name}`],
    );
  await add(0, `${decomposed}1`, `${decomposed}clair`);
  await add(0, `${composed}1`);
  await add(0, `${decomposed}2`);
  // Two that are not normal, in two ways, and become equal.
  await add(0, 'o\u0323\u0302');
  await add(0, 'o\u0302\u0323');
  await add(1, `${decomposed}1`);
  await migrateToLatest(database.adminUrl);
  const skus = await database.query('select tenant_id, sku from catalog.product order by id');
  expect(skus.map(({ sku }) => sku)).toEqual([
    `${decomposed}1`,
    `${composed}1`,
    `${composed}2`,
    '\u1ed9',
    'o\u0302\u0323',
    `${composed}1`,
  ]);
  const rows = await database.query(
    'select p.name, p.description, c.name as category from catalog.product p join catalog.category c on c.id = category_id order by p.id limit 1',
  );
  expect(rows).toEqual([
    { name: `${composed}clair`, description: `${composed} ${composed}clair`, category: `${composed}toile` },
  ]);
  const forced = await database.query(
    `select relname from pg_class where relnamespace = 'catalog'::regnamespace and relkind = 'r' and not relforcerowsecurity`,
  );
  expect(forced).toEqual([]);
});
