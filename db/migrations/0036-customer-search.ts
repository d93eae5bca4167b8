import { type Kysely, sql } from 'kysely';
import { publishFunction } from './support.ts';

const currentTenant = `nullif(current_setting('app.tenant', true), '')::uuid`;
/** After every id. */
const end = `'ffffffff-ffff-ffff-ffff-ffffffffffff'`;
/** So many are copied here; the others by housekeeping of auth, while everybody works. */
const copiedAtOnce = 10_000;

/**
 * Staff find a customer among millions by any part of the e-mail or the name. The index holds every three letters that follow one
 * another, each behind the end of the tenant's id, as that of products does: pg_trgm knows no letters but those of the database's
 * LC_CTYPE.
 *
 * Under a condition of row security PostgreSQL uses no index for @@, which could tell in an error what it compares. So the texts are
 * copied to a table that no process may touch: the owner's functions alone read and write it, and have the condition themselves.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTable(db);
  await createTrigger(db);
  await createCopying(db);
  await createSearch(db);
  await sql`select auth.copy_customers_for_search(${sql.lit(copiedAtOnce)})`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    drop function auth.search_customers(text[], text, uuid, integer);
    drop function auth.count_customers(text[], integer);
    drop function auth.copy_customers_for_search(integer);
    drop policy copy_for_search on auth.user;
    drop trigger copy_for_search on auth.user;
    drop function auth.copy_customer_for_search();
    drop table auth.user_search_progress;
    drop table auth.user_search;
    drop function auth.gram_query(uuid, text);
    drop function auth.grams(uuid, text);
    drop function auth.fold(text);
  `)
    .execute(db);
}

async function createTable(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create function auth.fold(value text) returns text language sql immutable strict parallel safe set search_path = ''
      return normalize(casefold(normalize(value) collate "pg_unicode_fast"));

    create function auth.grams(tenant uuid, folded text) returns tsvector language sql immutable strict parallel safe set search_path = ''
      return array_to_tsvector(array(
        select right(tenant::text, 12) || one || coalesce(two, '') || coalesce(three, '')
        from (select string_to_array(folded, null) as letters) split,
          unnest(letters, letters[2:], letters[3:]) gram (one, two, three)
      ));

    -- Not parallel safe: to start workers takes ten times as long as a search.
    create function auth.gram_query(tenant uuid, folded text) returns tsquery language sql immutable strict set search_path = ''
      return (
        select string_agg(
          '''' || right(tenant::text, 12) || replace(replace(substr(folded, place, 3), '\\', '\\\\'), '''', '''''') || ''''
            || case when length(folded) < 3 then ':*' else '' end,
          ' & ')
        from generate_series(1, greatest(1, length(folded) - 2), 1 + length(folded) / 20) place
      )::tsquery;

    create table auth.user_search (
      user_id uuid primary key,
      tenant_id uuid not null,
      email text not null,
      search_text text not null
    );
    create index user_grams on auth.user_search using gin (auth.grams(tenant_id, search_text)) with (fastupdate = off);
    alter table auth.user_search enable row level security;
    alter table auth.user_search force row level security;
    create policy search on auth.user_search to signet_owner using (true) with check (true);

    create table auth.user_search_progress (last_id uuid not null);
    alter table auth.user_search_progress enable row level security;
    alter table auth.user_search_progress force row level security;
    create policy search on auth.user_search_progress to signet_owner using (true) with check (true);
    insert into auth.user_search_progress values ('00000000-0000-0000-0000-000000000000');
  `)
    .execute(db);
}

async function createTrigger(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create function auth.copy_customer_for_search() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      if tg_op = 'DELETE' then
        delete from auth.user_search where user_id = old.id;
      elsif new.closed_at is not null then
        delete from auth.user_search where user_id = new.id;
      else
        insert into auth.user_search (user_id, tenant_id, email, search_text)
        values (new.id, new.tenant_id, new.email, auth.fold(new.email || pg_catalog.chr(10) || new.full_name))
        on conflict (user_id) do update set tenant_id = excluded.tenant_id, email = excluded.email, search_text = excluded.search_text;
      end if;
      return null;
    end $$;
    revoke all on function auth.copy_customer_for_search() from public;
    create trigger copy_for_search after insert or delete or update of tenant_id, email, full_name, closed_at on auth.user
      for each row execute function auth.copy_customer_for_search();
  `)
    .execute(db);
}

/** Customers of before, the next `most` by their ids. Each row is locked meanwhile: nobody is copied who is being erased. */
async function createCopying(db: Kysely<unknown>): Promise<void> {
  const copying = `nullif(current_setting('app.customers', true), '') = 'copy'`;
  await sql
    .raw(`
    create policy copy_for_search on auth.user to signet_owner using (${copying}) with check (false);
    create function auth.copy_customers_for_search(most integer) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      place pg_catalog.uuid;
      next_place pg_catalog.uuid;
      copied pg_catalog.int4;
    begin
      select last_id into place from auth.user_search_progress for update;
      if place = ${end} then
        return 0;
      end if;
      perform pg_catalog.set_config('app.customers', 'copy', true);
      with waiting as materialized (
        select u.id, u.tenant_id, u.email, u.full_name, u.closed_at from auth.user u
        where u.id > place order by u.id limit most for share
      ), added as (
        insert into auth.user_search (user_id, tenant_id, email, search_text)
        select w.id, w.tenant_id, w.email, auth.fold(w.email || pg_catalog.chr(10) || w.full_name) from waiting w where w.closed_at is null
        on conflict do nothing
      )
      select pg_catalog.count(*), (select w.id from waiting w order by w.id desc limit 1) into copied, next_place from waiting;
      perform pg_catalog.set_config('app.customers', '', true);
      update auth.user_search_progress set last_id = case when copied < most then ${end} else next_place end;
      return copied;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, 'auth.copy_customers_for_search(integer)', 'signet_auth_user');
}

/**
 * The tenant's customers with one of the texts in e-mail or name: counted, or the next by their e-mail. They are sorted here, and only a
 * page of them is looked up in auth.user. Those that are not copied yet are read one by one. The texts are made ready once and not for each
 * row.
 */
async function createSearch(db: Kysely<unknown>): Promise<void> {
  const patterns = `(select array_agg('%' || replace(replace(replace(auth.fold(one), '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%')
            from unnest(searches) one)::text[]`;
  const found = `
          select s.email, s.user_id as id from auth.user_search s
          where s.tenant_id = ${currentTenant}
            and auth.grams(s.tenant_id, s.search_text) @@ (
              select string_agg('(' || auth.gram_query(${currentTenant}, auth.fold(one))::text || ')', ' | ')::tsquery
              from unnest(searches) one)
            and s.search_text like any (${patterns})
          union all
          select u.email, u.id from auth.user u
          where u.tenant_id = ${currentTenant} and u.closed_at is null
            and u.id > (select p.last_id from auth.user_search_progress p)
            and not exists (select from auth.user_search s where s.user_id = u.id)
            and auth.fold(u.email || chr(10) || u.full_name) like any (${patterns})`;
  await sql
    .raw(`
    create function auth.search_customers(searches text[], after_email text, after_id uuid, max_rows integer) returns table (id uuid)
      language sql stable security definer set search_path = '' rows 21
      begin atomic
        select f.id from (${found}) f
        where after_email is null or (f.email, f.id) > (after_email, after_id)
        order by f.email, f.id limit max_rows;
      end;
    create function auth.count_customers(searches text[], max_rows integer) returns integer
      language sql stable security definer set search_path = ''
      begin atomic
        select count(*)::integer from (select from (${found}) f limit max_rows) counted;
      end;
  `)
    .execute(db);
  await publishFunction(db, 'auth.search_customers(text[], text, uuid, integer)', 'signet_portal');
  await publishFunction(db, 'auth.count_customers(text[], integer)', 'signet_portal');
}
