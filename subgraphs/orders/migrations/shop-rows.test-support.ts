import type { TestDatabase } from '@signet/testing/database';

/** One tenant's ids: it has exactly one row in each table of the shop. */
export type ShopRows = {
  tenant: string;
  category: string;
  product: string;
  user: string;
  order: string;
};

/** Creates a tenant with a customer and a row in every table of the shop, as the admin. The product has 10 pieces on hand, 2 of them reserved. */
export async function addShopRows(database: TestDatabase, slug: string): Promise<ShopRows> {
  const tenant = await database.addTenant(slug);
  const [rows] = await database.query<ShopRows>(
    `with category as (
       insert into catalog.category (tenant_id, slug, name) values ($1, 'lamps', 'Lamps') returning id
     ), product as (
       insert into catalog.product (tenant_id, category_id, sku, name, price_amount, currency)
       select $1, id, 'L-1', 'Lamp', 1000, 'EUR' from category returning id
     ), stock as (
       insert into inventory.stock (tenant_id, product_id, on_hand, reserved) select $1, id, 10, 2 from product
     ), customer as (
       insert into auth.user (tenant_id, email, password_hash, pepper_id)
       values ($1, 'ada@example.com', 'hash', 'pepper') returning id
     ), staff as (
       insert into auth.portal_user (tenant_id, email, full_name, role, password_hash, pepper_id)
       values ($1, 'sue@example.com', 'Sue', 'operations', 'hash', 'pepper') returning id
     ), adjustment as (
       insert into inventory.idempotency_key (tenant_id, staff_id, key, input_hash) select $1, id, 'k', sha256('input') from staff
     ), placed as (
       insert into orders.order (tenant_id, user_id, total_amount, currency)
       select $1, id, 1000, 'EUR' from customer returning id
     ), item as (
       insert into orders.order_item (tenant_id, order_id, product_id, position, quantity, unit_price_amount)
       select $1, placed.id, product.id, 1, 2, 500 from placed, product
     ), key as (
       insert into orders.idempotency_key (tenant_id, user_id, order_id, operation, key, input_hash)
       select $1, customer.id, placed.id, 'placeOrder', 'k', sha256('input') from customer, placed
     ), tuple as (
       insert into access.relation_tuple (tenant_id, namespace, object, relation, subject)
       select $1, 'order', placed.id::text, 'viewer', 'user:' || customer.id from placed, customer
     )
     select $1 as tenant, category.id as category, product.id as product, customer.id as user, placed.id as order
     from category, product, customer, placed`,
    [tenant],
  );
  return rows as ShopRows;
}

/** One row in each table of what is kept of their counts. Those of single changes are there by the triggers. */
export async function addShopTallies(database: TestDatabase, tenant: string): Promise<void> {
  await database.query(
    `insert into orders.tally_counting (tenant_id, counted_before) values ($1, '-infinity')`,
    [tenant],
  );
  for (const schema of ['orders', 'inventory']) {
    await database.query(
      `with counted as (insert into ${schema}.tally_counted (tenant_id, counted_at) values ($1, now()))
       insert into ${schema}.tally (tenant_id, series, label, starts_at, amount) values ($1, 'sample', '', '-infinity', 1)`,
      [tenant],
    );
  }
}
