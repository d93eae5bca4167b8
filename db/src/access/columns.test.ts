import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processRoles } from '../roles.ts';
import { describePermissions } from './permissions.ts';
import { createRoleClients, type RoleClient, type RoleClients } from './role-client.test-support.ts';

// Each role, each table, each column, each kind of statement: sent to the server as that role, and compared with what
// permissions.txt of the platform and of each subgraph says (permissions.test.ts). What is not written there is refused.

type Rights = Partial<Record<keyof typeof columnAttempts | keyof typeof tableAttempts, string>>;

/** Statements that touch no row: the server checks rights before it looks for rows. */
const columnAttempts = {
  select: (table: string, column: string) => `select ${column} from ${table} where false`,
  insert: (table: string, column: string) => `insert into ${table} (${column}) select null where false`,
  update: (table: string, column: string) => `update ${table} set ${column} = default where false`,
};
const tableAttempts = {
  delete: (table: string) => `delete from ${table} where false`,
  truncate: (table: string) => `truncate ${table}`,
};
/** insufficient_privilege; generated_always: into such a column nobody writes. */
const refusals = ['42501', '428C9'];

let database: TestDatabase;
let roles: RoleClients;
let columns: { table: string; column: string }[];
let granted: Record<string, Record<string, Rights>>;

beforeAll(async () => {
  database = await createTestDatabase();
  roles = createRoleClients(database);
  columns = await listColumns();
  granted = await readGranted();
});
afterAll(async () => {
  await roles.close();
  await database.drop();
});

describe('a process role reads and writes what its statements use, and is refused all else', () => {
  it.each(processRoles)('%s', async (role) => {
    const client = await roles.as(role);
    expect(sortAll(await findRights(client))).toEqual(sortAll(granted[role] ?? {}));
  });

  it('and the tables tried are all there are', () => {
    expect(new Set(columns.map(({ table }) => table)).size).toBeGreaterThanOrEqual(19);
    expect(columns.length).toBeGreaterThan(130);
    expect(Object.keys(granted).length).toBeGreaterThanOrEqual(4);
  });

  it.each([
    ['password hashes', 'auth."user"', 'password_hash', ['signet_auth_user']],
    ['the id of their pepper', 'auth."user"', 'pepper_id', ['signet_auth_user']],
    ['password hashes of staff', 'auth.portal_user', 'password_hash', ['signet_auth_portal']],
    ['the id of their pepper, of staff', 'auth.portal_user', 'pepper_id', ['signet_auth_portal']],
    ['refresh tokens', 'auth.user_refresh_token', 'token_hash', ['signet_auth_user']],
    ['refresh tokens of staff', 'auth.portal_refresh_token', 'token_hash', ['signet_auth_portal']],
    ['signing keys', 'auth.signing_key', 'sealed_private_key', ['signet_auth_user', 'signet_auth_portal']],
  ])('%s, %s.%s: read by %j alone', async (_title, table, column, readers) => {
    const found: string[] = [];
    for (const role of processRoles) {
      const client = await roles.as(role);
      if ((await client.refusalOf(`select ${column} from ${table}`)) === undefined) {
        found.push(role);
        continue;
      }
      for (const statement of waysAround(table, column)) {
        expect(await client.refusalOf(statement), statement).toMatch(/^42501 /);
      }
    }
    expect(found).toEqual(readers);
  });
});

/** What tells a column's values without returning the column. */
function waysAround(table: string, column: string): string[] {
  return [
    `select * from ${table}`,
    `select t from ${table} t`,
    `select to_jsonb(t) from ${table} t`,
    `select 1 from ${table} where ${column} is not null`,
    `select 1 from ${table} order by ${column}`,
    `update ${table} set ${column} = ${column} returning ${column}`,
    `copy ${table} to stdout`,
  ];
}

/** Names of columns by table and action; 'all' for an action on a whole table. */
async function findRights(client: RoleClient): Promise<Record<string, Rights>> {
  const rights: Record<string, Rights> = {};
  const note = (table: string, action: keyof Rights, name: string) => {
    rights[table] ??= {};
    rights[table][action] = `${rights[table][action] ?? ''} ${name.replaceAll('"', '')}`;
  };
  for (const { table, column } of columns) {
    for (const [action, toSql] of Object.entries(columnAttempts)) {
      if (await isAllowed(client, toSql(table, column))) note(table, action as keyof Rights, column);
    }
  }
  for (const table of new Set(columns.map((column) => column.table))) {
    for (const [action, toSql] of Object.entries(tableAttempts)) {
      if (await isAllowed(client, toSql(table))) note(table, action as keyof Rights, 'all');
    }
  }
  return rights;
}

async function isAllowed(client: RoleClient, sql: string): Promise<boolean> {
  const refusal = await client.refusalOutsideOf(sql);
  if (refusal === undefined) return true;
  if (refusals.some((code) => refusal.startsWith(code))) return false;
  throw new Error(`${sql}: ${refusal}`); // Neither done nor refused: the attempt itself is wrong.
}

/** By role and table, from lines such as `auth.tenant: signet_portal SELECT (id, slug)`. Without columns: all of the table's. */
async function readGranted(): Promise<Record<string, Record<string, Rights>>> {
  const rights: Record<string, Record<string, Rights>> = {};
  const lines = (await describePermissions(database.adminUrl)).matchAll(
    /^([\w".]+\.[\w"]+): (signet_\w+) (SELECT|INSERT|UPDATE|DELETE|TRUNCATE)(?: \((.*)\))?$/gm,
  );
  for (const [, table = '', role = '', right = '', names] of lines) {
    const action = right.toLowerCase() as keyof Rights;
    const ofTable = columns.filter((column) => column.table === table).map(({ column }) => column);
    const all = action in tableAttempts ? 'all' : ofTable.join(' ');
    rights[role] ??= {};
    rights[role][table] = {
      ...rights[role][table],
      [action]: names?.replaceAll(',', '') ?? all.replaceAll('"', ''),
    };
  }
  return rights;
}

/** Names of columns in one order, whatever order they were written in. */
function sortAll(rights: Record<string, Rights>) {
  return Object.fromEntries(
    Object.entries(rights).map(([table, actionsOfTable]) => [
      table,
      Object.fromEntries(
        Object.entries(actionsOfTable).map(([action, names]) => [action, names.trim().split(' ').sort()]),
      ),
    ]),
  );
}

function listColumns(): Promise<{ table: string; column: string }[]> {
  return database.query(
    `select format('%I.%I', n.nspname, c.relname) as table, quote_ident(a.attname) as column
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'v', 'm', 'p', 'f') and a.attnum > 0 and not a.attisdropped
       and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     order by 1, a.attnum`,
  );
}
