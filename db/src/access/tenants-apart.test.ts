import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownerRole, processRoles } from '../roles.ts';
import { connectAs } from './role-client.test-support.ts';
import { addTenantRows, listTenantTables, type TenantRows } from './tenant-rows.test-support.ts';
import { changes, findLeaks, insertStatement, inserts, readable } from './tenants-apart.test-support.ts';

// Two tenants, each with one row in every table.
let database: TestDatabase;
let acme: TenantRows;
let globex: TenantRows;
let tables: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  acme = await addTenantRows(database, 'acme');
  globex = await addTenantRows(database, 'globex');
  tables = await listTenantTables(database);
});
afterAll(() => database.drop());

describe.each(processRoles)('%s', (role) => {
  const open = () => connectAs(database.urlOf(role));

  it("sees its tenant's row in each table, and no other's", async () => {
    await using client = await open();
    expect(await findLeaks(client, readable[role], acme.tenant, 1)).toEqual([]);
    expect(await findLeaks(client, readable[role], globex.tenant, 1)).toEqual([]);
  });

  it.each([
    ['unset', undefined],
    ['empty', ''],
    ['of nobody', '00000000-0000-0000-0000-000000000000'],
  ])('sees no row where the tenant is %s, before and after one was set', async (_title, tenant) => {
    await using client = await open();
    expect(await findLeaks(client, readable[role], tenant, 0)).toEqual([]);
    await findLeaks(client, readable[role], acme.tenant, 1);
    expect(await findLeaks(client, readable[role], tenant, 0)).toEqual([]);
  });

  it.each(['x', 'all', '*', "' or true --", '{}', `${'0'.repeat(31)}`, ' '])(
    'is told that %j is no tenant, and sees nothing',
    async (tenant) => {
      await using client = await open();
      for (const table of readable[role]) {
        const refusal = await client.tryInTenant(tenant, () => client.refusalOf(`select 1 from ${table}`));
        expect(refusal).toMatch(/^22P02 invalid input syntax for type uuid/);
      }
    },
  );

  it('may not turn row security off', async () => {
    await using client = await open();
    for (const table of readable[role]) {
      await client.query('set row_security = off');
      expect(await client.refusalOf(`select 1 from ${table}`)).toMatch(
        /^42501 query would be affected by row-level/,
      );
      expect(await client.refusalOf(`alter table ${table} disable row level security`)).toMatch(
        /^42501 must be owner/,
      );
      expect(await client.refusalOf(`alter table ${table} no force row level security`)).toMatch(
        /^42501 must be own/,
      );
      expect(await client.refusalOf(`drop policy tenant on ${table}`)).toMatch(/^42501 must be owner/);
      expect(await client.refusalOf(`create policy mine on ${table} using (true)`)).toMatch(
        /^42501 must be owner/,
      );
    }
  });
});

describe('what a role may change', () => {
  it.each(changes)("%s: %s: its own tenant's row, no other's, none without a tenant", async (role, sql) => {
    await using client = await connectAs(database.urlOf(role));
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
      await using client = await connectAs(database.urlOf(role));
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
  ] as const)('%s: not %s', async (role, _title, table, values) => {
    await using client = await connectAs(database.urlOf(role));
    const [sql, parameters] = insertStatement(table, { tenant_id: acme.tenant, ...values() });
    // Foreign keys hold the tenant too; where the row's own key is taken, that is found first.
    expect(await client.tryInTenant(acme.tenant, () => client.refusalOf(sql, parameters))).toMatch(
      /^(23503|23505) /,
    );
  });
});

describe('the owner of the tables, as whom the published functions run', () => {
  const open = () => connectAs(database.adminUrl, ownerRole);

  it('is bound as well, in every table', async () => {
    await using client = await open();
    expect(tables.length).toBeGreaterThanOrEqual(14);
    expect(await findLeaks(client, tables, acme.tenant, 1)).toEqual([]);
    expect(await findLeaks(client, tables, undefined, 0)).toEqual([]);
    expect(await findLeaks(client, tables, '', 0)).toEqual([]);
    expect(await findLeaks(client, ['auth.signing_key'], acme.tenant, 0)).toEqual([]);
  });

  it('moves no row to another tenant, and deletes none of it', async () => {
    await using client = await open();
    for (const table of tables) {
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
