import pg from 'pg';
import { ownerRole, processRoles } from '../roles.ts';

/** One query a section; each returns lines. Functions of the catalogs need no qualification: search_path is empty. */

const ourRoles = [ownerRole, ...processRoles].map((role) => pg.escapeLiteral(role)).join(', ');
const ours = `(select oid from pg_roles where rolname in (${ourRoles}))`;
/** All schemas but the system's own; `n` is pg_namespace. */
const ourSchemas = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;
/** The owner of the database has another name on every server. */
const nameOf = (oid: string) => `
  case when ${oid} = 0 then 'PUBLIC'
    when ${oid} = (select datdba from pg_database where datname = current_database()) then '(admin)'
    else pg_get_userbyid(${oid}) end`;

/**
 * A line for each right of each grantee. `object` names it, `acl` may be null (then the defaults of `kind` hold), and
 * `owner`'s own rights are left out. A right that may be passed on ends with an asterisk.
 */
function grantLines(objects: string): string {
  return `
    select format('%s: %s %s%s%s', object, ${nameOf('a.grantee')}, a.privilege_type,
      case when a.is_grantable then '*' end, columns) as line
    from (${objects}) o, aclexplode(coalesce(acl, acldefault(kind, owner))) a
    where a.grantee <> owner`;
}

export const rolesQuery = `
  select concat_ws(' ', rolname || ':',
      case when rolcanlogin then 'LOGIN' else 'NOLOGIN' end,
      case when rolsuper then 'SUPERUSER' end, case when rolbypassrls then 'BYPASSRLS' end,
      case when rolcreaterole then 'CREATEROLE' end, case when rolcreatedb then 'CREATEDB' end,
      case when rolreplication then 'REPLICATION' end) as line
    from pg_roles where rolname in (${ourRoles})
  union all
  select format('%s: member of %s', ${nameOf('m.member')}, pg_get_userbyid(m.roleid)) from pg_auth_members m
    where (m.member in ${ours} or m.roleid in ${ours})
      and m.member <> (select oid from pg_roles where rolname = current_user)
  union all
  select format('%s: owns this database', rolname) from pg_roles r join pg_database d on d.datdba = r.oid
    where rolname in (${ourRoles}) and datname = current_database()
  union all
  select format('%s: %s', coalesce(nullif(setrole, 0)::regrole::text, 'everybody'), setting)
    from pg_db_role_setting, unnest(setconfig) setting
    where (setrole in ${ours} or setrole = 0)
      and setdatabase in (0, (select oid from pg_database where datname = current_database()))`;

export const databaseQuery = grantLines(`
  select 'database' as object, datacl as acl, 'd'::"char" as kind, datdba as owner, '' as columns
  from pg_database where datname = current_database()`);

export const schemasQuery = `
  select format('%s: owner %s', nspname,
      case when nspowner = 'pg_database_owner'::regrole then '(admin)' else ${nameOf('nspowner')} end) as line
    from pg_namespace n where ${ourSchemas}
  union all
  ${grantLines(`
    select nspname as object, nspacl as acl, 'n'::"char" as kind, nspowner as owner, '' as columns
    from pg_namespace n where ${ourSchemas}`)}`;

/** Without a line for a kind of object, PostgreSQL's own defaults hold: EXECUTE and USAGE for everybody. */
export const defaultsQuery = `
  select format('%s%s of %s: %s', objects, coalesce(' in ' || n.nspname, ''), ${nameOf('d.defaclrole')},
      coalesce(string_agg(${nameOf('a.grantee')} || ' ' || a.privilege_type, ', '
        order by ${nameOf('a.grantee')} collate "C", a.privilege_type collate "C"), 'nobody else')) as line
  from pg_default_acl d
  left join pg_namespace n on n.oid = d.defaclnamespace
  left join lateral aclexplode(d.defaclacl) a on a.grantee <> d.defaclrole
  join (values ('r'::"char", 'tables'), ('S', 'sequences'), ('f', 'functions'), ('T', 'types'), ('n', 'schemas'),
    ('L', 'large objects')) kinds (kind, objects) on kind = d.defaclobjtype
  group by objects, n.nspname, d.defaclrole`;

/** Tables, and whatever else holds rows. */
const relations = `pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ourSchemas}`;
/** Partitions follow the calendar. Their table has the rights and policies; permissions.test.ts holds that they have none. */
const isNoPartition = 'not c.relispartition';
const isTable = `c.relkind in ('r', 'p', 'f') and ${isNoPartition}`;
const isView = `c.relkind in ('v', 'm')`;

export const tablesQuery = `
  select format('%I.%I: owner %s, row security %s', n.nspname, c.relname, ${nameOf('c.relowner')},
      case when not c.relrowsecurity then 'OFF' when c.relforcerowsecurity then 'forced'
        else 'NOT FORCED on the owner' end) as line
    from ${relations} and ${isTable}
  union all
  ${relationGrants(isTable)}`;

export const viewsQuery = `
  select format('%I.%I: owner %s, %s', n.nspname, c.relname, ${nameOf('c.relowner')},
      case when 'security_invoker=true' = any(c.reloptions) then 'as its caller' else 'AS ITS OWNER' end) as line
    from ${relations} and ${isView}
  union all
  ${relationGrants(isView)}`;

/** Grants on whole relations, and those on columns with the columns behind. */
function relationGrants(condition: string): string {
  return `
    ${grantLines(`
      select format('%I.%I', n.nspname, c.relname) as object, c.relacl as acl, 'r'::"char" as kind,
        c.relowner as owner, '' as columns from ${relations} and ${condition}`)}
    union all
    select format('%I.%I: %s %s%s (%s)', n.nspname, c.relname, ${nameOf('x.grantee')}, x.privilege_type,
      case when x.is_grantable then '*' end, string_agg(a.attname, ', ' order by a.attnum)) as line
    from pg_attribute a, aclexplode(a.attacl) x, ${relations}
      and ${condition} and a.attrelid = c.oid and not a.attisdropped and x.grantee <> c.relowner
    group by n.nspname, c.relname, x.grantee, x.privilege_type, x.is_grantable`;
}

export const policiesQuery = `
  select format('%I.%I: %s%s, %s to %s%s%s', n.nspname, c.relname, p.polname,
      case when p.polpermissive then '' else ' (restrictive)' end,
      case p.polcmd when '*' then 'ALL' when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' else 'DELETE' end,
      (select string_agg(${nameOf('r.oid')}, ', ' order by ${nameOf('r.oid')} collate "C") from unnest(p.polroles) r (oid)),
      E'\\n  using ' || pg_get_expr(p.polqual, p.polrelid),
      E'\\n  with check ' || pg_get_expr(p.polwithcheck, p.polrelid)) as line
  from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace`;

export const functionsQuery = `
  select format('%s: owner %s, %s, %s, may execute: %s', p.oid::regprocedure, ${nameOf('p.proowner')},
      case when p.prosecdef then 'SECURITY DEFINER' else 'as its caller' end,
      coalesce(array_to_string(p.proconfig, ', '), 'search_path NOT PINNED'),
      coalesce((select string_agg(${nameOf('a.grantee')}, ', ' order by ${nameOf('a.grantee')} collate "C")
        from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee <> p.proowner), 'nobody else')) as line
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${ourSchemas}`;

/** Those that somebody wrote: revocations and seals hang on them. Foreign keys make their own. */
export const triggersQuery = `
  select format('%I.%I: %s, %s', n.nspname, c.relname, pg_get_triggerdef(t.oid),
      case t.tgenabled when 'D' then 'DISABLED' when 'O' then 'enabled' else 'enabled for ' || t.tgenabled::text end) as line
  from pg_trigger t, ${relations} and c.oid = t.tgrelid and ${isNoPartition} and not t.tgisinternal`;

/** Types that are not a table's row or an array. */
export const otherObjectsQuery = grantLines(`
  select format('sequence %I.%I', n.nspname, c.relname) as object, c.relacl as acl, 's'::"char" as kind,
    c.relowner as owner, '' as columns from ${relations} and c.relkind = 'S'
  union all
  select format('type %I.%I', n.nspname, t.typname), t.typacl, 'T', t.typowner, ''
    from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
    where ${ourSchemas} and t.typelem = 0 and coalesce(c.relkind, 'c') = 'c'`);

/** System tables, large objects, foreign servers and so on: whatever names one of our roles in its grants, or is its own. */
export const elsewhereQuery = `
  select format('%s: %s by %s', pg_describe_object(classid, objid, objsubid),
      case deptype when 'o' then 'owned' when 'r' then 'named in a policy' else 'granted' end,
      pg_get_userbyid(refobjid)) as line
  from pg_shdepend d
  where refclassid = 'pg_authid'::regclass and refobjid in ${ours}
    and dbid = (select oid from pg_database where datname = current_database())
    and (deptype = 'o' and refobjid <> (select oid from pg_roles where rolname = '${ownerRole}')
      or deptype in ('a', 'i') and not (
        classid = 'pg_namespace'::regclass and exists (select from pg_namespace n where n.oid = objid and ${ourSchemas})
        or classid = 'pg_class'::regclass and exists (select from ${relations} and c.oid = objid)
        or classid = 'pg_proc'::regclass and exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid = objid and ${ourSchemas})
        or classid = 'pg_type'::regclass and exists (select from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.oid = objid and ${ourSchemas})
        or classid = 'pg_default_acl'::regclass))`;
