import { randomBytes } from 'node:crypto';
import type { TestDatabase } from '@signet/testing';

/** Rows of the shop for tests, written as the admin. Names are random unless given: the tests of one file share a database. */
export async function addCategory(
  database: TestDatabase,
  tenantId: string,
  slug = `category-${randomName()}`,
): Promise<string> {
  const [row] = await database.query(
    `insert into catalog.category (tenant_id, slug, name) values ($1, $2, $3)
     on conflict (tenant_id, slug) do update set name = excluded.name returning id`,
    [tenantId, slug, slug],
  );
  return row.id;
}

type ProductOptions = {
  name?: string;
  category?: string;
  price?: number;
  currency?: string;
  isArchived?: boolean;
  createdAt?: Date;
  /** Without it, inventory has no row of the product. */
  onHand?: number;
};

/** Returns the product's id. One statement, since each takes a connection of its own. */
export async function addProduct(
  database: TestDatabase,
  tenantId: string,
  options: ProductOptions = {},
): Promise<string> {
  const { name = 'Lamp', category = 'lamps', price = 1000, currency = 'EUR', isArchived = false } = options;
  const createdAt = options.createdAt ?? new Date();
  const archivedAt = isArchived ? createdAt : null;
  const [row] = await database.query(
    `with category as (
       insert into catalog.category (tenant_id, slug, name) values ($1, $2, $2)
       on conflict (tenant_id, slug) do update set name = excluded.name returning id
     ), product as (
       insert into catalog.product (tenant_id, category_id, sku, name, price_amount, currency, archived_at, created_at)
       select $1, id, $3, $4, $5, $6, $7, $8 from category returning id
     ), stock as (
       insert into inventory.stock (tenant_id, product_id, on_hand)
       select $1, id, $9 from product where $9::integer is not null
     )
     select id from product`,
    [tenantId, category, randomName(), name, price, currency, archivedAt, createdAt, options.onHand ?? null],
  );
  return row.id;
}

function randomName(): string {
  return randomBytes(6).toString('hex');
}
