import { publishFunction } from '@signet/db/migrations-support';
import { type Kysely, sql } from 'kysely';

/** A page by name is in the order that people expect, each page and count has its index, and text is searched by its letters. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createSearch(db);
  await replaceIndexes(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const [name] of pageIndexes) await sql`drop index ${sql.ref(`catalog.${name}`)}`.execute(db);
  await sql
    .raw(`
    drop function catalog.search_products(text, uuid, integer);
    drop trigger copy_for_search on catalog.product;
    drop function catalog.copy_for_search();
    drop table catalog.product_search;
    alter table catalog.product drop column search_text;
    drop function catalog.gram_query(uuid, text);
    drop function catalog.grams(uuid, text);
    drop function catalog.fold(text);
    create index product_by_name on catalog.product (tenant_id, name, id);
    create index product_by_price on catalog.product (tenant_id, price_amount, id);
    create index product_by_age on catalog.product (tenant_id, created_at, id);
  `)
    .execute(db);
}

/**
 * A search finds a text anywhere in name, SKU and description. The index holds every three letters that follow one another (and
 * the last two, and the last one), so that a text of one or two letters is found as the beginning of three. It is not pg_trgm's: that
 * knows no letters but those of the database's LC_CTYPE, which may be ASCII's.
 *
 * A long text is looked up by twenty of its places, since each may be in as many products; the text itself is compared afterwards.
 * Each entry begins with the end of the tenant's id: what one tenant stores makes no other's search slower.
 *
 * Under a condition of row security PostgreSQL uses no index for @@, which could tell in an error what it compares. So the products on
 * sale are copied to a table that no process may touch: the owner's functions alone read and write it, and have the condition themselves.
 */
async function createSearch(db: Kysely<unknown>): Promise<void> {
  const currentTenant = `nullif(current_setting('app.tenant', true), '')::uuid`;
  await sql
    .raw(`
    create function catalog.fold(value text) returns text language sql immutable strict parallel safe set search_path = ''
      return normalize(casefold(normalize(value) collate "pg_unicode_fast"));

    create function catalog.grams(tenant uuid, folded text) returns tsvector language sql immutable strict parallel safe set search_path = ''
      return array_to_tsvector(array(
        select right(tenant::text, 12) || one || coalesce(two, '') || coalesce(three, '')
        from (select string_to_array(folded, null) as letters) split,
          unnest(letters, letters[2:], letters[3:]) gram (one, two, three)
      ));

    create function catalog.gram_query(tenant uuid, folded text) returns tsquery language sql immutable strict parallel safe set search_path = ''
      return (
        select string_agg(
          '''' || right(tenant::text, 12) || replace(replace(substr(folded, place, 3), '\\', '\\\\'), '''', '''''') || ''''
            || case when length(folded) < 3 then ':*' else '' end,
          ' & ')
        from generate_series(1, greatest(1, length(folded) - 2), 1 + length(folded) / 20) place
      )::tsquery;

    alter table catalog.product add column search_text text not null
      generated always as (catalog.fold(name || chr(10) || sku || chr(10) || description)) stored;

    create table catalog.product_search (
      product_id uuid primary key,
      tenant_id uuid not null,
      category_id uuid not null,
      name text not null,
      price_amount integer not null,
      created_at timestamptz not null,
      search_text text not null
    );
    alter table catalog.product_search enable row level security;
    alter table catalog.product_search force row level security;
    create policy search on catalog.product_search to signet_owner using (true) with check (true);

    create function catalog.copy_for_search() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      if tg_op <> 'INSERT' then
        delete from catalog.product_search where product_id = old.id;
      end if;
      if tg_op <> 'DELETE' and new.archived_at is null then
        insert into catalog.product_search
        values (new.id, new.tenant_id, new.category_id, new.name, new.price_amount, new.created_at, new.search_text);
      end if;
      return null;
    end $$;
    create trigger copy_for_search after insert or update or delete on catalog.product
      for each row execute function catalog.copy_for_search();
    alter table catalog.product no force row level security;
    insert into catalog.product_search
      select id, tenant_id, category_id, name, price_amount, created_at, search_text from catalog.product where archived_at is null;
    alter table catalog.product force row level security;
    create index product_grams on catalog.product_search using gin (catalog.grams(tenant_id, search_text)) with (fastupdate = off);

    create function catalog.search_products(search text, in_category uuid, max_rows integer)
      returns table (id uuid, name text, price_amount integer, created_at timestamptz)
      language sql stable security definer set search_path = ''
      begin atomic
        select s.product_id, s.name, s.price_amount, s.created_at
        from catalog.product_search s
        where s.tenant_id = ${currentTenant}
          and catalog.grams(s.tenant_id, s.search_text) @@ (select catalog.gram_query(${currentTenant}, catalog.fold(search)))
          and strpos(s.search_text, (select catalog.fold(search))) > 0
          and (in_category is null or s.category_id = in_category)
        limit max_rows;
      end;
  `)
    .execute(db);
  // An INSERT computes the column as the role that inserts.
  await publishFunction(db, 'catalog.fold(text)', 'signet_catalog');
  await publishFunction(db, 'catalog.search_products(text, uuid, integer)', 'signet_catalog');
  await sql`revoke all on function catalog.copy_for_search() from public`.execute(db);
}

/** One index for each order, of the whole shop and of a category. */
const pageIndexes = [
  ['product_by_name', 'name collate "und-x-icu", id'],
  ['product_by_price', 'price_amount, id'],
  ['product_by_age', 'created_at, id'],
  ['product_of_category_by_name', 'category_id, name collate "und-x-icu", id'],
  ['product_of_category_by_price', 'category_id, price_amount, id'],
  ['product_of_category_by_age', 'category_id, created_at, id'],
] as const;

async function replaceIndexes(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw('drop index catalog.product_by_name, catalog.product_by_price, catalog.product_by_age')
    .execute(db);
  for (const [name, columns] of pageIndexes) {
    await sql
      .raw(`create index ${name} on catalog.product (tenant_id, ${columns}) where archived_at is null`)
      .execute(db);
  }
}
