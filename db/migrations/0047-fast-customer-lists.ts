import { type Kysely, sql } from 'kysely';

const currentTenant = `nullif(current_setting('app.tenant', true), '')::uuid`;

export const locks = ['auth.user'];

export const breaks = {
  'index user_listed on auth."user": is built while writers wait':
    'One reading of the table. CHANGELOG.md has the statement that builds it before, for millions of customers.',
};

/**
 * The list of customers is counted in an index. And a search works out which tenant asks once, not for each row that the index of letters
 * brings: that was half of what a row costs. The condition is the same.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index if not exists user_listed on auth.user (tenant_id, email, id) where closed_at is null`.execute(
    db,
  );
  await replaceSearch(db, `(select ${currentTenant})`);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await replaceSearch(db, currentTenant);
  await sql`drop index auth.user_listed`.execute(db);
}

/** The functions of 0036. */
async function replaceSearch(db: Kysely<unknown>, tenant: string): Promise<void> {
  const patterns = `(select array_agg('%' || replace(replace(replace(auth.fold(one), '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%')
            from unnest(searches) one)::text[]`;
  const found = `
          select s.email, s.user_id as id from auth.user_search s
          where s.tenant_id = ${tenant}
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
    create or replace function auth.search_customers(searches text[], after_email text, after_id uuid, max_rows integer) returns table (id uuid)
      language sql stable security definer set search_path = '' rows 21
      begin atomic
        select f.id from (${found}) f
        where after_email is null or (f.email, f.id) > (after_email, after_id)
        order by f.email, f.id limit max_rows;
      end;
    create or replace function auth.count_customers(searches text[], max_rows integer) returns integer
      language sql stable security definer set search_path = ''
      begin atomic
        select count(*)::integer from (select from (${found}) f limit max_rows) counted;
      end;
  `)
    .execute(db);
}
