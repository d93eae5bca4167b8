import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownerRole, type ProcessRole } from '../roles.ts';
import {
  connectAs,
  createRoleClients,
  type RoleClient,
  type RoleClients,
} from './role-client.test-support.ts';

type Values = Record<string, unknown>;

/** What the suite needs to know about the platform, or about subgraphs with tables of tenants. */
export type TenantsApart<Rows extends { tenant: string }> = {
  roles: readonly ProcessRole[];
  /** Creates a tenant with exactly one row in each table, of relations one for each process. */
  addRows(database: TestDatabase, slug: string): Promise<Rows>;
  /** A change that a role may make to all rows which it sees. */
  changes: readonly [ProcessRole, sql: string][];
  /** A row that a role may insert, all of it belonging to one tenant. */
  inserts: readonly [ProcessRole, table: string, values: (of: Rows) => Values][];
  /** Rows of one tenant that refer to something of the other: a foreign key refuses them. */
  foreign: readonly [ProcessRole, title: string, table: string, values: (own: Rows, other: Rows) => Values][];
  /** The namespace whose tuples a role sees and adds, with a tuple of its own and one of another namespace. */
  relations: readonly [
    ProcessRole,
    namespace: string,
    own: (of: Rows) => Values,
    other: (of: Rows) => Values,
  ][];
  /** Tables without a policy by tenant, since their index is of no use under one: no process may read them, only functions with the condition. */
  ofFunctionsAlone?: readonly string[];
};

/** Two tenants, each with one row in every table: no role sees, changes or adds a row of the other. */
export function testTenantsApart<Rows extends { tenant: string }>(of: TenantsApart<Rows>): void {
  const ofFunctionsAlone = ['auth.user_search', ...(of.ofFunctionsAlone ?? [])];
  let database: TestDatabase;
  let roles: RoleClients;
  let acme: Rows;
  let globex: Rows;
  let tables: TenantTables;

  beforeAll(async () => {
    database = await createTestDatabase();
    roles = createRoleClients(database);
    acme = await of.addRows(database, 'acme');
    globex = await of.addRows(database, 'globex');
    tables = await listTenantTables(database);
  });
  afterAll(async () => {
    await roles.close();
    await database.drop();
  });

  describe.each(of.roles)('%s', (role) => {
    const open = () => roles.as(role);
    const readable = () => listReadable(database, role);

    it("sees its tenant's row in each table, and no other's", async () => {
      const client = await open();
      expect(await findLeaks(client, await readable(), acme.tenant, 1)).toEqual([]);
      expect(await findLeaks(client, await readable(), globex.tenant, 1)).toEqual([]);
    });

    it.each([
      ['unset', undefined],
      ['empty', ''],
      ['of nobody', '00000000-0000-0000-0000-000000000000'],
    ])('sees no row where the tenant is %s, before and after one was set', async (_title, tenant) => {
      const client = await open();
      expect(await findLeaks(client, await readable(), tenant, 0)).toEqual([]);
      await findLeaks(client, await readable(), acme.tenant, 1);
      expect(await findLeaks(client, await readable(), tenant, 0)).toEqual([]);
    });

    it.each(['x', 'all', '*', "' or true --", '{}', `${'0'.repeat(31)}`, ' '])(
      'is told that %j is no tenant, and sees nothing',
      async (tenant) => {
        const client = await open();
        for (const table of await readable()) {
          const refusal = await client.tryInTenant(tenant, () => client.refusalOf(`select 1 from ${table}`));
          expect(refusal).toMatch(/^22P02 invalid input syntax for type uuid/);
        }
      },
    );

    it('may not turn row security off', async () => {
      const client = await open();
      for (const table of await readable()) {
        const read = await client.tryInTenant(acme.tenant, async () => {
          await client.query('set local row_security = off');
          return client.refusalOf(`select 1 from ${table}`);
        });
        expect(read).toMatch(/^42501 query would be affected by row-level security/);
        const { rows } = await client.query('select polname from pg_policy where polrelid = $1::regclass', [
          table,
        ]);
        const policy = rows[0].polname;
        for (const change of [
          `alter table ${table} disable row level security`,
          `alter table ${table} no force row level security`,
          `drop policy ${policy} on ${table}`,
          `alter policy ${policy} on ${table} using (true)`,
          `create policy mine on ${table} using (true)`,
        ]) {
          expect(await client.refusalOf(change), change).toMatch(/^42501 must be owner/);
        }
      }
    });
  });

  describe('what a role may change', () => {
    it.each(of.changes)(
      "%s: %s: its own tenant's row, no other's, none without a tenant",
      async (role, sql) => {
        const client = await roles.as(role);
        for (const [tenant, rowCount] of [
          [acme.tenant, 1],
          [globex.tenant, 1],
          [undefined, 0],
          ['', 0],
        ] as const) {
          const result = await client.tryInTenant(tenant, () => client.query(sql));
          expect(result.rowCount, `tenant ${tenant}`).toBe(rowCount);
        }
      },
    );

    it.each(of.inserts)(
      "%s: a row of its own tenant into %s; another tenant's is refused",
      async (role, table, values) => {
        const client = await roles.as(role);
        const own = insertStatement(table, { tenant_id: acme.tenant, ...values(acme) });
        const foreign = insertStatement(table, { tenant_id: globex.tenant, ...values(globex) });
        expect(await client.tryInTenant(acme.tenant, () => client.refusalOf(...own))).toBeUndefined();
        for (const tenant of [acme.tenant, undefined, '']) {
          expect(await client.tryInTenant(tenant, () => client.refusalOf(...foreign))).toMatch(
            /^42501 new row violates row-level security policy/,
          );
        }
      },
    );

    it.each(of.foreign)('%s: not %s', async (role, _title, table, values) => {
      const client = await roles.as(role);
      const statement = insertStatement(table, { tenant_id: acme.tenant, ...values(acme, globex) });
      // Foreign keys hold the tenant too; where the row's own key is taken, that is found first.
      expect(await client.tryInTenant(acme.tenant, () => client.refusalOf(...statement))).toMatch(
        /^(23503|23505) /,
      );
    });

    it.each(of.relations)('%s: tuples of the namespace %s alone', async (role, namespace, own, other) => {
      const client = await roles.as(role);
      const tuple = (values: Values) =>
        insertStatement('access.relation_tuple', { tenant_id: acme.tenant, ...values });
      await client.tryInTenant(acme.tenant, async () => {
        await client.query('delete from access.relation_tuple');
        expect(await client.refusalOf(...tuple(own(acme)))).toBeUndefined();
        expect(await client.refusalOf(...tuple(other(acme)))).toMatch(
          /^42501 new row violates row-level security/,
        );
      });
      const read = () => client.query('select namespace from access.relation_tuple');
      expect((await client.tryInTenant(acme.tenant, read)).rows).toEqual([{ namespace }]);
    });
  });

  describe('the owner of the tables, as whom the published functions run', () => {
    const open = () => connectAs(database.adminUrl, ownerRole);

    it('is bound as well, in every table', async () => {
      await using client = await open();
      expect(tables.ofOwner.length).toBeGreaterThanOrEqual(7);
      expect(await findLeaks(client, tables.ofOwner, acme.tenant, 1)).toEqual([]);
      expect(await findLeaks(client, tables.ofOwner, undefined, 0)).toEqual([]);
      expect(await findLeaks(client, tables.ofOwner, '', 0)).toEqual([]);
      const others = tables.others.filter((table) => !ofFunctionsAlone.includes(table));
      expect(others).toHaveLength(tables.others.length - ofFunctionsAlone.length);
      expect(await findLeaks(client, [...others, 'auth.signing_key'], acme.tenant, 0)).toEqual([]);
    });

    it('alone has rights to tables without a policy by tenant', async () => {
      const granted = await database.query(
        `select grantee || ' ' || table_schema || '.' || table_name as right from information_schema.column_privileges
         where table_schema || '.' || table_name = any($1) and grantee not in ($2, 'postgres')`,
        [[...ofFunctionsAlone], ownerRole],
      );
      expect(granted).toEqual([]);
    });

    it('moves no row to another tenant, and deletes none of it', async () => {
      await using client = await open();
      for (const table of tables.ofOwner) {
        await client.tryInTenant(acme.tenant, async () => {
          const move = await client.refusalOf(`update ${table} set tenant_id = $1`, [globex.tenant]);
          expect(move, table).toMatch(/^42501 new row violates row-level security policy/);
          const deleted = await client.query(`delete from ${table} where tenant_id = $1`, [globex.tenant]);
          expect(deleted.rowCount, table).toBe(0);
        });
      }
    });
  });
}

function insertStatement(table: string, values: Values): [sql: string, values: unknown[]] {
  const names = Object.keys(values);
  const places = names.map((_name, index) => `$${index + 1}`);
  return [`insert into ${table} (${names.join(', ')}) values (${places.join(', ')})`, Object.values(values)];
}

/**
 * What is wrong with the tenants' borders for this role, of whom every tenant has one row a table: too many or too few
 * rows seen with this tenant set. Nothing, if all is well.
 */
export async function findLeaks(
  client: RoleClient,
  tables: readonly string[],
  tenant: string | undefined,
  rowsExpected: number,
): Promise<string[]> {
  const leaks: string[] = [];
  for (const table of tables) {
    const rows = await client.tryInTenant(tenant, () => client.query(`select 1 from ${table}`));
    if (rows.rowCount !== rowsExpected) leaks.push(`${table}: ${rows.rowCount} rows`);
  }
  return leaks;
}

/** Tables whose rows belong to tenants and of which there are rows: those that the owner has a policy for, and the others. */
type TenantTables = { ofOwner: string[]; others: string[] };

const tenantTables = `pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace
  where t.attname = 'tenant_id' and c.relkind = 'r' and (n.nspname, c.relname) <> ('auth', 'development_seed')`;

async function listTenantTables(database: TestDatabase): Promise<TenantTables> {
  const found = await database.query<{ name: string; isOpenToOwner: boolean }>(
    `select format('%I.%I', n.nspname, c.relname) as name,
       exists (select from pg_policy where polrelid = c.oid and polroles = '{0}') as "isOpenToOwner"
     from ${tenantTables} order by 1`,
  );
  const filled: typeof found = [];
  for (const table of found) {
    if ((await database.query(`select from ${table.name} limit 1`)).length > 0) filled.push(table);
  }
  return {
    ofOwner: filled.filter(({ isOpenToOwner }) => isOpenToOwner).map(({ name }) => name),
    others: filled.filter(({ isOpenToOwner }) => !isOpenToOwner).map(({ name }) => name),
  };
}

/** The tables of tenants that a role reads by tenant; not those in which a policy shows it what belongs to its platform. */
async function listReadable(database: TestDatabase, role: ProcessRole): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from ${tenantTables}
       and exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
         and has_column_privilege($1, c.oid, a.attnum, 'select'))
       and not exists (select from pg_policy p where p.polrelid = c.oid and p.polpermissive and p.polcmd in ('r', '*')
         and $1::regrole = any(p.polroles) and pg_get_expr(p.polqual, p.polrelid) not like '%app.tenant%')
     order by 1`,
    [role],
  );
  return rows.map(({ name }) => name);
}
