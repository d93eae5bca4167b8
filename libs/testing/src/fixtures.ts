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

export function addCategory(
  database: TestDatabase,
  tenantId: string,
  slug = `category-${randomName()}`,
): Promise<string> {
  return insert(
    database,
    `insert into catalog.category (tenant_id, slug, name) values ($1, $2, $3)
     on conflict (tenant_id, slug) do update set name = excluded.name returning id`,
    [tenantId, slug, slug],
  );
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
export function addProduct(
  database: TestDatabase,
  tenantId: string,
  options: ProductOptions = {},
): Promise<string> {
  const { name = 'Lamp', category = 'lamps', price = 1000, currency = 'EUR', isArchived = false } = options;
  const createdAt = options.createdAt ?? new Date();
  return insert(
    database,
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
    [
      tenantId,
      category,
      randomName(),
      name,
      price,
      currency,
      isArchived ? createdAt : null,
      createdAt,
      options.onHand ?? null,
    ],
  );
}

async function insert(database: TestDatabase, sql: string, values: unknown[]): Promise<string> {
  const [row] = await database.query<{ id: string }>(sql, values);
  return (row as { id: string }).id;
}

function randomName(): string {
  return randomBytes(6).toString('hex');
}
