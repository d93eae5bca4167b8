import { createSubgraphSchema, dropSubgraphSchema, secureByTenant } from '@signet/db/migrations-support';
import { type Kysely, sql } from 'kysely';

/** The migration that did this while the platform's migrations and the shop's were one list. */
export const replaces = ['0002-catalog'];

/** Products: public to read, staff write. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createSubgraphSchema(db, 'catalog');
  await sql`
    create table catalog.category (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references auth.tenant,
      slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
      name text not null check (length(name) between 1 and 100),
      unique (tenant_id, slug),
      unique (tenant_id, id)
    )`.execute(db);
  await sql`
    create table catalog.product (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references auth.tenant,
      category_id uuid not null,
      sku text not null check (length(sku) between 1 and 64),
      name text not null check (length(name) between 1 and 200),
      description text not null default '' check (length(description) <= 4000),
      price_amount integer not null check (price_amount between 1 and 100000000),
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      archived_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (tenant_id, sku),
      unique (tenant_id, id),
      foreign key (tenant_id, category_id) references catalog.category (tenant_id, id)
    )`.execute(db);
  await sql`create index product_by_name on catalog.product (tenant_id, name, id)`.execute(db);
  await sql`create index product_by_price on catalog.product (tenant_id, price_amount, id)`.execute(db);
  await sql`create index product_by_age on catalog.product (tenant_id, created_at, id)`.execute(db);
  await sql`create index product_by_category on catalog.product (tenant_id, category_id)`.execute(db);
  await secureByTenant(db, 'catalog.category');
  await secureByTenant(db, 'catalog.product');
  await sql`
    grant select (id, tenant_id, slug, name), insert (tenant_id, slug, name) on catalog.category to signet_catalog`.execute(
    db,
  );
  await sql`
    grant select,
      insert (tenant_id, category_id, sku, name, description, price_amount, currency),
      update (price_amount, archived_at, updated_at)
    on catalog.product to signet_catalog`.execute(db);
  await createPriceLookup(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await dropSubgraphSchema(db, 'catalog');
}

/**
 * What an order may know of products: the price now, and whether they are on sale. The subgraph that calls it grants itself
 * the right to, in its own migrations.
 */
async function createPriceLookup(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function catalog.prices_for_order(product_ids uuid[])
      returns table (product_id uuid, name text, price_amount integer, currency text, is_archived boolean)
      language sql stable security definer set search_path = ''
      begin atomic
        select p.id, p.name, p.price_amount, p.currency, p.archived_at is not null
        from catalog.product p
        where p.id = any (product_ids)
          and p.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid;
      end`.execute(db);
}
