import type { TestDatabase } from '@signet/testing/database';

/** System schemas, `public`, and where the migrator keeps its own tables. */
const ours = `n.nspname !~ '^(pg_|information_schema$|public$|migration$)'`;

const queries = [
  `select 'schema', n.nspname, pg_get_userbyid(n.nspowner), n.nspacl::text from pg_namespace n where ${ours}`,
  `select 'relation', n.nspname, c.relname, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
     c.reloptions::text, pg_get_userbyid(c.relowner), c.relacl::text
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
  `select 'column', n.nspname, c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
     a.attgenerated, a.attidentity, a.attacl::text, pg_get_expr(d.adbin, d.adrelid)
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attnum > 0 and not a.attisdropped and ${ours}`,
  `select 'constraint', n.nspname, conrelid::regclass::text, conname, pg_get_constraintdef(o.oid)
     from pg_constraint o join pg_namespace n on n.oid = o.connamespace where ${ours}`,
  `select 'index', pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid
     join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
  `select 'policy', n.nspname, c.relname, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[]::text,
     pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
     from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
  `select 'function', pg_get_functiondef(p.oid), pg_get_userbyid(p.proowner), p.proacl::text
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.prokind in ('f', 'p') and ${ours}`,
  `select 'trigger', pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
     join pg_namespace n on n.oid = c.relnamespace where not t.tgisinternal and ${ours}`,
  `select 'extension', extname, nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname <> 'plpgsql'`,
];

/** All that the migrations make, a line for each thing, with its owner and grants: two databases can be compared by it. */
export async function describeSchema(database: TestDatabase): Promise<string[]> {
  const lines: string[] = [];
  for (const query of queries) {
    const rows = await database.query(`select row_to_json(t)::text as line from (${query}) t`);
    lines.push(...rows.map((row) => row.line as string));
  }
  return lines.sort();
}
