import type { TestDatabase } from '@signet/testing/database';
import { processRoles } from '../roles.ts';

/** What is in a database, by kind and name, with what must stay as it is. */
export type Catalogue = ReadonlyMap<string, ReadonlyMap<string, string>>;

const ours = `n.nspname !~ '^(pg_|information_schema$|public$|migration$)'`;
const table = `format('%I.%I', n.nspname, c.relname)`;
const grantees = `(select oid from pg_roles where rolname in (${processRoles.map((role) => `'${role}'`).join(', ')}))`;
const rightsOf = (name: string, acl: string, from: string) => `
  select 'right', format('%s of %s on %s', a.privilege_type, pg_get_userbyid(a.grantee), ${name}), ''
  from ${from}, aclexplode(${acl}) a where a.grantee in ${grantees}`;
const relations = `pg_class c join pg_namespace n on n.oid = c.relnamespace and ${ours}`;

/** Rows of (kind, name, value). */
const queries = [
  `select 'table', ${table}, coalesce(pg_relation_filenode(c.oid)::text, '') from ${relations} where c.relkind in ('r', 'p', 'v')`,
  `select 'column', format('%s.%I', ${table}, a.attname),
     jsonb_build_object('type', format_type(a.atttypid, a.atttypmod) || a.attgenerated::text, 'required', a.attnotnull,
       'filled', a.atthasdef or a.attidentity <> '', 'table', ${table})::text
   from pg_attribute a join ${relations} on c.oid = a.attrelid
   where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v')`,
  `select 'constraint', format('%I on %s', o.conname, ${table}), pg_get_constraintdef(o.oid)
   from pg_constraint o join ${relations} on c.oid = o.conrelid where o.contype <> 'n'`,
  `select 'index', format('%I on %s', i.relname, ${table}), case when x.indisunique then 'unique' else '' end
   from pg_index x join pg_class i on i.oid = x.indexrelid join ${relations} on c.oid = x.indrelid`,
  `select 'function', p.oid::regprocedure::text, pg_get_function_result(p.oid)
   from pg_proc p join pg_namespace n on n.oid = p.pronamespace and ${ours}`,
  `select 'policy', format('%I on %s', p.polname, ${table}),
     concat_ws(' ', case when p.polpermissive then 'permissive' else 'restrictive' end, p.polcmd, p.polroles::regrole[]::text,
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
   from pg_policy p join ${relations} on c.oid = p.polrelid`,
  rightsOf('n.nspname', 'n.nspacl', `(select * from pg_namespace n where ${ours}) n`),
  rightsOf(table, 'c.relacl', relations),
  rightsOf(
    `format('%s.%I', ${table}, t.attname)`,
    't.attacl',
    `pg_attribute t join ${relations} on c.oid = t.attrelid and not t.attisdropped`,
  ),
  rightsOf(
    'p.oid::regprocedure',
    'p.proacl',
    `pg_proc p join pg_namespace n on n.oid = p.pronamespace and ${ours}`,
  ),
];

export async function readCatalogue(database: Pick<TestDatabase, 'query'>): Promise<Catalogue> {
  const rows = await database.query<{ kind: string; name: string; value: string }>(
    queries
      .map((query) => `select kind, name, value from (${query}) q (kind, name, value)`)
      .join(' union all '),
  );
  const catalogue = new Map<string, Map<string, string>>();
  for (const { kind, name, value } of rows) {
    catalogue.set(kind, (catalogue.get(kind) ?? new Map()).set(name, value));
  }
  return catalogue;
}

type Column = { type: string; required: boolean; filled: boolean; table: string };

/**
 * What the processes of before may stumble over while they use the database of after, a line each; also work for which a table is locked
 * as long as it is large. It sees what the catalogue says: not what a function or trigger does now, nor an update of many rows.
 */
export function findBreaks(before: Catalogue, after: Catalogue): string[] {
  const of = (catalogue: Catalogue, kind: string) => catalogue.get(kind) ?? new Map<string, string>();
  const found: string[] = [];
  const tables = of(before, 'table');
  const hadTable = (name: string) => tables.has(name.replace(/^.* on /, ''));
  const gone = (kind: string) => [...of(before, kind).keys()].filter((name) => !of(after, kind).has(name));
  const added = (kind: string) => [...of(after, kind)].filter(([name]) => !of(before, kind).has(name));
  const changed = (kind: string) =>
    [...of(before, kind)]
      .filter(([name, value]) => (of(after, kind).get(name) ?? value) !== value)
      .map(([name]) => name);

  for (const kind of ['table', 'column', 'function', 'right']) {
    for (const name of gone(kind)) found.push(`${kind} ${name}: is gone`);
  }
  for (const name of changed('table')) found.push(`table ${name}: is written anew`);
  for (const name of changed('function')) found.push(`function ${name}: returns something else`);
  for (const name of changed('column')) {
    const [was, is] = [before, after].map((all) => JSON.parse(of(all, 'column').get(name) as string)) as [
      Column,
      Column,
    ];
    if (was.type !== is.type) found.push(`column ${name}: has another type`);
    if (!was.required && is.required) found.push(`column ${name}: must not be null`);
    if (was.filled && !is.filled) found.push(`column ${name}: has no default`);
  }
  for (const [name, value] of added('column')) {
    const { table: owner, required, filled } = JSON.parse(value) as Column;
    if (tables.has(owner) && required && !filled)
      found.push(`column ${name}: is new, must not be null and has no default`);
  }
  for (const [name] of added('constraint').filter(([name]) => hadTable(name)))
    found.push(`constraint ${name}: is new`);
  for (const name of changed('constraint')) found.push(`constraint ${name}: is another one`);
  for (const [name] of added('index').filter(([name]) => hadTable(name)))
    found.push(`index ${name}: is built while writers wait`);
  for (const name of gone('index').filter(
    (name) =>
      of(before, 'index').get(name) === 'unique' && of(after, 'table').has(name.replace(/^.* on /, '')),
  )) {
    found.push(`index ${name}: is gone, and was unique`);
  }
  for (const name of gone('policy').filter((name) =>
    of(before, 'policy').get(name)?.startsWith('permissive'),
  ))
    found.push(`policy ${name}: is gone`);
  for (const name of changed('policy')) found.push(`policy ${name}: is another one`);
  for (const [name, value] of added('policy').filter(([name]) => hadTable(name))) {
    if (value.startsWith('restrictive')) found.push(`policy ${name}: is new, and restrictive`);
  }
  return found.sort();
}
