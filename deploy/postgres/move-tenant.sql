-- Moves a tenant to another database: run this in the new one, which has the same migrations, as a superuser. docs/scaling.md says when,
-- and what goes before and after. It reads the old database through postgres_fdw, as it was at one moment, and deletes nothing there.
--
--   create extension if not exists postgres_fdw;
--   create server signet_source foreign data wrapper postgres_fdw options (host '10.0.0.5', dbname 'signet', fetch_size '10000');
--   create user mapping for current_user server signet_source options (user 'postgres', password '…');
--   set signet.tenant = 'acme';

begin isolation level repeatable read;
-- Rows come in the order of the tables' names, and as they are: no foreign key looks at them on the way, no trigger acts again.
set local session_replication_role = replica;
set local search_path = '';
-- Statements that run on both servers must mean the same.
set local timezone = 'UTC';

do $$
declare
  slug text := nullif(pg_catalog.current_setting('signet.tenant', true), '');
  tenant uuid;
  one record;
  copied bigint;
  missing text;
begin
  if slug is null then
    raise exception 'signet.tenant is not set: set signet.tenant = ''<slug>'' first';
  end if;

  -- The partitions of a table come with it.
  for one in
    select distinct n.nspname as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and c.relowner = 'signet_owner'::pg_catalog.regrole
  loop
    execute pg_catalog.format('create schema %I', 'signet_source_' || one.name);
    execute pg_catalog.format('import foreign schema %I from server signet_source into %I', one.name, 'signet_source_' || one.name);
  end loop;

  -- The same migrations: else a column would be left behind without a word.
  select pg_catalog.string_agg(coalesce(here.name, there.name), ', ') into missing
  from migration.kysely_migration here full join signet_source_migration.kysely_migration there on here.name = there.name
  where here.name is null or there.name is null;
  if missing is not null then
    raise exception 'the databases have not the same migrations: %', missing;
  end if;

  execute 'select id from signet_source_auth.tenant where slug = $1' into tenant using slug;
  if tenant is null then
    raise exception 'the old database has no tenant %', slug;
  end if;
  if exists (select from auth.tenant t where t.id = tenant or t.slug = pg_catalog.current_setting('signet.tenant')) then
    raise exception 'this database has the tenant % already', slug;
  end if;
  execute 'insert into auth.tenant select * from signet_source_auth.tenant where id = $1' using tenant;

  -- The audit log stays where it is: the seals there cover its rows, and those here begin anew.
  for one in
    select n.nspname as schema, c.relname as name,
      (select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum) from pg_catalog.pg_attribute a
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and c.relowner = 'signet_owner'::pg_catalog.regrole
      and (n.nspname, c.relname) <> ('auth', 'audit_event')
      and exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
    order by 1, 2
  loop
    execute pg_catalog.format('insert into %1$I.%2$I (%3$s) select %3$s from %4$I.%2$I where tenant_id = $1',
      one.schema, one.name, one.columns, 'signet_source_' || one.schema) using tenant;
    get diagnostics copied = row_count;
    raise notice '% rows of %.%', copied, one.schema, one.name;
  end loop;
  -- What was revoked belongs to no tenant, and expires with the tokens.
  insert into auth.revocation select * from signet_source_auth.revocation where expires_at > pg_catalog.now() on conflict do nothing;

  for one in select nspname as name from pg_catalog.pg_namespace where nspname ~ '^signet_source' loop
    execute pg_catalog.format('drop schema %I cascade', one.name);
  end loop;
end $$;

-- Every foreign key once more, now that all rows are there.
do $$
declare
  one record;
begin
  for one in
    select conrelid::pg_catalog.regclass as name, conname from pg_catalog.pg_constraint
    where contype = 'f' and conparentid = 0 and connamespace in (select oid from pg_catalog.pg_namespace where nspowner = 'signet_owner'::pg_catalog.regrole)
  loop
    execute pg_catalog.format('alter table %s alter constraint %I not enforced', one.name, one.conname);
    execute pg_catalog.format('alter table %s alter constraint %I enforced', one.name, one.conname);
  end loop;
end $$;
commit;
