import type { TestDatabase } from '@signet/testing/database';

/** One tenant's ids: it has exactly one row in each table, of relations one for each process. */
export type TenantRows = {
  tenant: string;
  category: string;
  product: string;
  user: string;
  staff: string;
  order: string;
};

/** Creates a tenant with a row in every table, as the admin. The product has 10 pieces on hand, 2 of them reserved. */
export async function addTenantRows(database: TestDatabase, slug: string): Promise<TenantRows> {
  const tenant = await database.addTenant(slug);
  const [rows] = await database.query<TenantRows>(
    `with category as (
       insert into catalog.category (tenant_id, slug, name) values ($1, 'lamps', 'Lamps') returning id
     ), product as (
       insert into catalog.product (tenant_id, category_id, sku, name, price_amount, currency)
       select $1, id, 'L-1', 'Lamp', 1000, 'EUR' from category returning id
     ), customer as (
       insert into auth.user (tenant_id, email, password_hash, pepper_id)
       values ($1, 'ada@example.com', 'hash', 'pepper') returning id
     ), staff as (
       insert into auth.portal_user (tenant_id, email, full_name, role, password_hash, pepper_id)
       values ($1, 'support@example.com', 'Sue', 'support', 'hash', 'pepper') returning id
     ), placed as (
       insert into orders.order (tenant_id, user_id, total_amount, currency)
       select $1, id, 1000, 'EUR' from customer returning id
     )
     select $1 as tenant, category.id as category, product.id as product, customer.id as user, staff.id as staff,
       placed.id as order
     from category, product, customer, staff, placed`,
    [tenant],
  );
  const ids = rows as TenantRows;
  for (const [sql, ...names] of dependents) {
    await database.query(sql, [tenant, ...names.map((name) => ids[name])]);
  }
  return ids;
}

const session = (account: string) =>
  `(tenant_id, ${account}, password_version, amr, expires_at) values ($1, $2, 1, '{pwd}', now() + interval '1 day') returning id, tenant_id`;
const refreshToken = `(token_hash, tenant_id, session_id, expires_at)
  select sha256(id::text::bytea), tenant_id, id, now() + interval '1 day' from session`;

const dependents: readonly [sql: string, ...values: (keyof TenantRows)[]][] = [
  [
    `with session as (insert into auth.user_session ${session('user_id')}) insert into auth.user_refresh_token ${refreshToken}`,
    'user',
  ],
  [
    `with session as (insert into auth.portal_session ${session('staff_id')}) insert into auth.portal_refresh_token ${refreshToken}`,
    'staff',
  ],
  [
    `insert into auth.audit_event (tenant_id, kind, platform, subject_id) values ($1, 'auth.login', 'user', $2)`,
    'user',
  ],
  [
    'insert into inventory.stock (tenant_id, product_id, on_hand, reserved) values ($1, $2, 10, 2)',
    'product',
  ],
  [
    `insert into orders.order_item (tenant_id, order_id, product_id, position, quantity, unit_price_amount)
     values ($1, $2, $3, 1, 2, 500)`,
    'order',
    'product',
  ],
  [
    `insert into orders.idempotency_key (tenant_id, user_id, order_id, operation, key, input_hash)
     values ($1, $2, $3, 'placeOrder', 'k', sha256('input'))`,
    'user',
    'order',
  ],
  [
    `insert into portal.support_note (tenant_id, user_id, staff_id, body) values ($1, $2, $3, 'Called.')`,
    'user',
    'staff',
  ],
  [
    `insert into access.relation_tuple (tenant_id, namespace, object, relation, subject)
     values ($1, 'order', $2, 'viewer', 'user:' || $3), ($1, 'customer', $3, 'assignee', 'staff:' || $4)`,
    'order',
    'user',
    'staff',
  ],
];

/** A signing key of each platform. */
export async function addSigningKeys(database: TestDatabase): Promise<void> {
  await database.query(
    `insert into auth.signing_key (kid, platform, algorithm, state, sealed_private_key)
     values ('user-key', 'user', 'EdDSA', 'active', 'sealed'), ('portal-key', 'portal', 'EdDSA', 'active', 'sealed')`,
  );
}

/** Tables whose rows belong to tenants, and whether the owner of the tables has a policy for them. */
export function listTenantTables(
  database: TestDatabase,
): Promise<{ name: string; isOpenToOwner: boolean }[]> {
  return database.query(
    `select format('%I.%I', n.nspname, c.relname) as name,
       exists (select from pg_policy where polrelid = c.oid and polroles = '{0}') as "isOpenToOwner"
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where a.attname = 'tenant_id' and c.relkind = 'r' and (n.nspname, c.relname) <> ('auth', 'development_seed')
     order by 1`,
  );
}
