import {
  addRelationNamespace,
  createPruning,
  createSubgraphSchema,
  dropRelationNamespace,
  dropSubgraphSchema,
  secureByTenant,
} from '@signet/db/migrations-support';
import { type Kysely, sql } from 'kysely';

/** The migration that did this while the platform's migrations and the shop's were one list. */
export const replaces = ['0004-orders'];

/** Functions of other subgraphs that placing, cancelling and shipping an order call. */
const calls = [
  'catalog.prices_for_order(uuid[])',
  'inventory.reserve(uuid[], integer[])',
  'inventory.release(uuid[], integer[])',
  'inventory.ship(uuid[], integer[])',
].join(', ');

/** An order has viewers, who are customers. */
const sharing = {
  role: 'signet_orders',
  namespace: 'order',
  objects: 'orders.order',
  relations: { viewer: 'user' },
} as const;

/** A customer's orders. The price of an item is the product's at the time of the order and never changes after. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createSubgraphSchema(db, 'orders');
  await sql`
    create table orders.order (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references auth.tenant,
      user_id uuid not null,
      status text not null default 'placed' check (status in ('placed', 'shipped', 'cancelled')),
      total_amount bigint not null check (total_amount > 0),
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      placed_at timestamptz not null default now(),
      shipped_at timestamptz,
      cancelled_at timestamptz,
      check ((status = 'shipped') = (shipped_at is not null)),
      check ((status = 'cancelled') = (cancelled_at is not null)),
      unique (tenant_id, id),
      foreign key (tenant_id, user_id) references auth.user (tenant_id, id)
    )`.execute(db);
  await sql`create index order_of_user on orders.order (tenant_id, user_id, placed_at desc, id desc)`.execute(
    db,
  );
  await sql`create index order_by_time on orders.order (tenant_id, placed_at desc, id desc)`.execute(db);
  await sql`
    create table orders.order_item (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null,
      order_id uuid not null,
      position integer not null check (position >= 1),
      product_id uuid not null,
      quantity integer not null check (quantity between 1 and 1000),
      unit_price_amount integer not null check (unit_price_amount > 0),
      unique (order_id, position),
      unique (order_id, product_id),
      foreign key (tenant_id, order_id) references orders.order (tenant_id, id),
      foreign key (tenant_id, product_id) references catalog.product (tenant_id, id)
    )`.execute(db);
  await sql`
    create table orders.idempotency_key (
      tenant_id uuid not null,
      user_id uuid not null,
      operation text not null,
      key text not null check (length(key) between 1 and 200),
      input_hash bytea not null check (length(input_hash) = 32),
      order_id uuid,
      created_at timestamptz not null default now(),
      primary key (tenant_id, user_id, operation, key),
      foreign key (tenant_id, order_id) references orders.order (tenant_id, id)
    )`.execute(db);
  for (const table of ['orders.order', 'orders.order_item', 'orders.idempotency_key']) {
    await secureByTenant(db, table);
  }
  await grantOrders(db);
  await grantCalls(db);
  await createKeyPruning(db);
  await addRelationNamespace(db, sharing);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await dropRelationNamespace(db, sharing);
  await sql.raw(`revoke execute on function ${calls} from signet_orders`).execute(db);
  await sql`revoke usage on schema catalog, inventory from signet_orders`.execute(db);
  await dropSubgraphSchema(db, 'orders');
}

/** Portal called a function for the counts, and one check covered the relations of all namespaces. The generated column is made anew. */
export async function adopt(db: Kysely<unknown>): Promise<void> {
  await sql`drop function orders.counts()`.execute(db);
  await sql`revoke usage on schema orders from signet_portal`.execute(db);
  await sql`drop policy tenant_order on access.relation_tuple`.execute(db);
  await sql`
    alter table access.relation_tuple
      drop constraint known_order, drop column object_order_id, drop constraint known_relation,
      add constraint known_customer_relation
        check (namespace <> 'customer' or relation = 'assignee' and subject ^@ 'staff:')`.execute(db);
  await addRelationNamespace(db, sharing);
}

/** A new order is placed now; its owner, its items and their prices never change. */
async function grantOrders(db: Kysely<unknown>): Promise<void> {
  await sql`
    grant select (id, user_id, status, total_amount, currency, placed_at, shipped_at, cancelled_at),
      insert (tenant_id, user_id, total_amount, currency),
      update (status, shipped_at, cancelled_at)
    on orders.order to signet_orders`.execute(db);
  await sql`
    grant select (order_id, position, product_id, quantity, unit_price_amount),
      insert (tenant_id, order_id, position, product_id, quantity, unit_price_amount)
    on orders.order_item to signet_orders`.execute(db);
  await sql`
    grant select (tenant_id, user_id, operation, key, input_hash, order_id),
      insert (tenant_id, user_id, operation, key, input_hash),
      update (order_id)
    on orders.idempotency_key to signet_orders`.execute(db);
}

async function grantCalls(db: Kysely<unknown>): Promise<void> {
  await sql`grant usage on schema catalog, inventory to signet_orders`.execute(db);
  await sql.raw(`grant execute on function ${calls} to signet_orders`).execute(db);
}

/** A client that repeats an order does so within minutes. */
async function createKeyPruning(db: Kysely<unknown>): Promise<void> {
  await sql`create index idempotency_key_age on orders.idempotency_key (created_at)`.execute(db);
  await createPruning(db, {
    name: 'orders.prune_idempotency_keys',
    table: 'orders.idempotency_key',
    key: 'ctid',
    expired: `created_at < now() - interval '7 days'`,
    role: 'signet_orders',
  });
}
