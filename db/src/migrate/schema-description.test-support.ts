import type { TestDatabase } from '@signet/testing/database';

/** System schemas, `public`, and where the migrator keeps its own tables. */
const ours = `n.nspname !~ '^(pg_|information_schema$|public$|migration$)'`;
/**
 * Grants in the order of their text: the server keeps them in the order in which they were given, which means nothing. A table
 * with none has the default; after a grant was taken back, the server writes that out.
 */
const sorted = (acl: string) => `(select array_agg(a::text order by a::text) from unnest(${acl}) a)`;

/** Partitions follow the calendar, and are as their table is. */
const isWhole = 'not c.relispartition';

const queries = [
  `select 'schema', n.nspname, pg_get_userbyid(n.nspowner), ${sorted('n.nspacl')} from pg_namespace n where ${ours}`,
  `select 'relation', n.nspname, c.relname, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
     c.reloptions::text, pg_get_userbyid(c.relowner),
     ${sorted(`coalesce(c.relacl, acldefault('r', c.relowner))`)}
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours} and ${isWhole}`,
  // The place among the columns that are there: a number of its own is left of a column that was dropped.
  `select 'column', n.nspname, c.relname, row_number() over (partition by c.oid order by a.attnum), a.attname,
     format_type(a.atttypid, a.atttypmod), a.attnotnull,
     a.attgenerated, a.attidentity, ${sorted('a.attacl')}, pg_get_expr(d.adbin, d.adrelid)
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attnum > 0 and not a.attisdropped and ${ours} and ${isWhole}`,
  `select 'constraint', n.nspname, conrelid::regclass::text, conname, pg_get_constraintdef(o.oid)
     from pg_constraint o join pg_namespace n on n.oid = o.connamespace left join pg_class c on c.oid = o.conrelid
     where ${ours} and c.relispartition is not true`,
  `select 'index', pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indrelid
     join pg_namespace n on n.oid = c.relnamespace where ${ours} and ${isWhole}`,
  `select 'policy', n.nspname, c.relname, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[]::text,
     pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
     from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where ${ours} and ${isWhole}`,
  `select 'function', pg_get_functiondef(p.oid), pg_get_userbyid(p.proowner), ${sorted('p.proacl')}
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.prokind in ('f', 'p') and ${ours}`,
  `select 'trigger', pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
     join pg_namespace n on n.oid = c.relnamespace where not t.tgisinternal and ${ours} and ${isWhole}`,
  `select 'extension', extname, nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname <> 'plpgsql'`,
];
/** One statement: to connect takes longer than to ask. */
const description = queries
  .map((query) => `select row_to_json(t)::text as line from (${query}) t`)
  .join(' union all ');

/** All that the migrations make, a line for each thing, with its owner and grants: two databases can be compared by it. */
export async function describeSchema(database: Pick<TestDatabase, 'query'>): Promise<string[]> {
  const rows = await database.query<{ line: string }>(description);
  return rows.map(({ line }) => line).sort();
}

/** Removes what the migrations made, and what they remember, in one statement: a database before its first migration. */
export async function removeSchemas(database: Pick<TestDatabase, 'query'>): Promise<void> {
  await database.query(`do $$ begin
    execute (select format('drop schema %s cascade', string_agg(quote_ident(nspname), ', '))
      from pg_namespace where nspowner = 'signet_owner'::regrole);
    alter default privileges for role signet_owner grant execute on functions to public;
    alter default privileges for role signet_owner grant usage on types to public;
  end $$`);
}
