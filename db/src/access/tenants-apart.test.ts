import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownerRole, processRoles } from '../roles.ts';
import { connectAs, createRoleClients, type RoleClients } from './role-client.test-support.ts';
import { addTenantRows, listTenantTables, type TenantRows } from './tenant-rows.test-support.ts';
import { changes, findLeaks, insertStatement, inserts, readable } from './tenants-apart.test-support.ts';

// Two tenants, each with one row in every table.
let database: TestDatabase;
let roles: RoleClients;
let acme: TenantRows;
let globex: TenantRows;
let ownersTables: string[];
let otherTables: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  roles = createRoleClients(database);
  acme = await addTenantRows(database, 'acme');
  globex = await addTenantRows(database, 'globex');
  const tables = await listTenantTables(database);
  ownersTables = tables.filter(({ isOpenToOwner }) => isOpenToOwner).map(({ name }) => name);
  otherTables = tables.filter(({ isOpenToOwner }) => !isOpenToOwner).map(({ name }) => name);
});
afterAll(async () => {
  await roles.close();
  await database.drop();
});

describe.each(processRoles)('%s', (role) => {
  const open = () => roles.as(role);

  it("sees its tenant's row in each table, and no other's", async () => {
    const client = await open();
    expect(await findLeaks(client, readable[role] ?? [], acme.tenant, 1)).toEqual([]);
    expect(await findLeaks(client, readable[role] ?? [], globex.tenant, 1)).toEqual([]);
  });

  it.each([
    ['unset', undefined],
    ['empty', ''],
    ['of nobody', '00000000-0000-0000-0000-000000000000'],
  ])('sees no row where the tenant is %s, before and after one was set', async (_title, tenant) => {
    const client = await open();
    expect(await findLeaks(client, readable[role] ?? [], tenant, 0)).toEqual([]);
    await findLeaks(client, readable[role] ?? [], acme.tenant, 1);
    expect(await findLeaks(client, readable[role] ?? [], tenant, 0)).toEqual([]);
  });

  it.each(['x', 'all', '*', "' or true --", '{}', `${'0'.repeat(31)}`, ' '])(
    'is told that %j is no tenant, and sees nothing',
    async (tenant) => {
      const client = await open();
      for (const table of readable[role] ?? []) {
        const refusal = await client.tryInTenant(tenant, () => client.refusalOf(`select 1 from ${table}`));
        expect(refusal).toMatch(/^22P02 invalid input syntax for type uuid/);
      }
    },
  );

  it('may not turn row security off', async () => {
    const client = await open();
    for (const table of readable[role] ?? []) {
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
  it.each(changes)("%s: %s: its own tenant's row, no other's, none without a tenant", async (role, sql) => {
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
  });

  it.each(inserts)(
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

  it.each([
    [
      'signet_portal',
      "a note about another tenant's customer",
      'portal.support_note',
      () => ({ user_id: globex.user, staff_id: acme.staff, body: 'x' }),
    ],
    [
      'signet_portal',
      "a note of another tenant's staff",
      'portal.support_note',
      () => ({ user_id: acme.user, staff_id: globex.staff, body: 'x' }),
    ],
    [
      'signet_orders',
      "an order of another tenant's customer",
      'orders.order',
      () => ({ user_id: globex.user, total_amount: 1, currency: 'EUR' }),
    ],
    [
      'signet_orders',
      "an item of another tenant's order",
      'orders.order_item',
      () => ({
        order_id: globex.order,
        product_id: acme.product,
        position: 2,
        quantity: 1,
        unit_price_amount: 1,
      }),
    ],
    [
      'signet_inventory',
      "stock of another tenant's product",
      'inventory.stock',
      () => ({ product_id: globex.product, on_hand: 1 }),
    ],
    [
      'signet_catalog',
      "a product in another tenant's category",
      'catalog.product',
      () => ({ category_id: globex.category, sku: 'N', name: 'N', price_amount: 1, currency: 'EUR' }),
    ],
    [
      'signet_orders',
      "a viewer of another tenant's order",
      'access.relation_tuple',
      () => ({ namespace: 'order', object: globex.order, relation: 'viewer', subject: `user:${acme.user}` }),
    ],
    [
      'signet_portal',
      "another tenant's staff for a customer",
      'access.relation_tuple',
      () => ({
        namespace: 'customer',
        object: acme.user,
        relation: 'assignee',
        subject: `staff:${globex.staff}`,
      }),
    ],
  ] as const)('%s: not %s', async (role, _title, table, values) => {
    const client = await roles.as(role);
    const [sql, parameters] = insertStatement(table, { tenant_id: acme.tenant, ...values() });
    // Foreign keys hold the tenant too; where the row's own key is taken, that is found first.
    expect(await client.tryInTenant(acme.tenant, () => client.refusalOf(sql, parameters))).toMatch(
      /^(23503|23505) /,
    );
  });
});

describe('relations', () => {
  it.each([
    ['signet_orders', 'order', 'customer'],
    ['signet_portal', 'customer', 'order'],
  ] as const)('%s: those of an %s, none of a %s', async (role, own, foreign) => {
    const client = await roles.as(role);
    const tuple = (namespace: string) =>
      insertStatement('access.relation_tuple', {
        tenant_id: acme.tenant,
        namespace,
        object: namespace === 'order' ? acme.order : acme.user,
        relation: namespace === 'order' ? 'viewer' : 'assignee',
        subject: namespace === 'order' ? `user:${acme.user}` : `staff:${acme.staff}`,
      });
    await client.tryInTenant(acme.tenant, async () => {
      await client.query('delete from access.relation_tuple');
      expect(await client.refusalOf(...tuple(own))).toBeUndefined();
      expect(await client.refusalOf(...tuple(foreign))).toMatch(/^42501 new row violates row-level security/);
    });
    const read = () => client.query('select namespace from access.relation_tuple');
    expect((await client.tryInTenant(acme.tenant, read)).rows).toEqual([{ namespace: own }]);
  });
});

describe('the owner of the tables, as whom the published functions run', () => {
  const open = () => connectAs(database.adminUrl, ownerRole);

  it('is bound as well, in every table', async () => {
    await using client = await open();
    expect(ownersTables.length).toBeGreaterThanOrEqual(14);
    expect(await findLeaks(client, ownersTables, acme.tenant, 1)).toEqual([]);
    expect(await findLeaks(client, ownersTables, undefined, 0)).toEqual([]);
    expect(await findLeaks(client, ownersTables, '', 0)).toEqual([]);
    expect(await findLeaks(client, [...otherTables, 'auth.signing_key'], acme.tenant, 0)).toEqual([]);
  });

  it('moves no row to another tenant, and deletes none of it', async () => {
    await using client = await open();
    for (const table of ownersTables) {
      await client.tryInTenant(acme.tenant, async () => {
        expect(await client.refusalOf(`update ${table} set tenant_id = $1`, [globex.tenant]), table).toMatch(
          /^42501 new row violates row-level security policy/,
        );
        const deleted = await client.query(`delete from ${table} where tenant_id = $1`, [globex.tenant]);
        expect(deleted.rowCount, table).toBe(0);
      });
    }
  });
});

describe('these tests see it when', () => {
  it.each([
    [
      'row security of a table is off',
      'alter table catalog.product disable row level security',
      'signet_catalog',
    ],
    ['a policy lets everybody in', 'create policy wide on catalog.product using (true)', 'signet_catalog'],
    ['the owner is not bound', 'alter table catalog.product no force row level security', undefined],
  ] as const)('%s', async (_title, sql, role) => {
    const broken = await createTestDatabase();
    const { tenant } = await addTenantRows(broken, 'acme');
    await addTenantRows(broken, 'globex');
    await broken.query(sql);
    {
      await using client = role
        ? await connectAs(broken.urlOf(role))
        : await connectAs(broken.adminUrl, ownerRole);
      expect(await findLeaks(client, ['catalog.product'], tenant, 1)).toEqual(['catalog.product: 2 rows']);
    }
    await broken.drop();
  });
});
