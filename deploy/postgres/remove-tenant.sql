-- Deletes the rows of a tenant that has moved to another database (move-tenant.sql): run this in the old one, as a superuser, once the
-- tenant is served from the new one. The tenant itself and its part of the audit log stay, so that `npm run audit -- verify` finds nothing
-- missing; nobody can sign in to it any more.
--
--   set signet.tenant = 'acme';

begin;
set local session_replication_role = replica;
set local search_path = '';

do $$
declare
  tenant uuid;
  one record;
  removed bigint;
begin
  select t.id into tenant from auth.tenant t where t.slug = pg_catalog.current_setting('signet.tenant');
  if tenant is null then
    raise exception 'there is no tenant %', pg_catalog.current_setting('signet.tenant');
  end if;
  for one in
    select n.nspname as schema, c.relname as name
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and c.relowner = 'signet_owner'::pg_catalog.regrole
      and (n.nspname, c.relname) <> ('auth', 'audit_event')
      and exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
    order by 1, 2
  loop
    execute pg_catalog.format('delete from %I.%I where tenant_id = $1', one.schema, one.name) using tenant;
    get diagnostics removed = row_count;
    raise notice '% rows of %.%', removed, one.schema, one.name;
  end loop;
end $$;
commit;
