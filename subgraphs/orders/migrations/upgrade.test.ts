import { MigrationError, migrateToLatest, migrationStatus, rollback } from '@signet/db';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describePermissions } from '../../../db/src/access/permissions.ts';
import { describeSchema, removeSchemas } from '../../../db/src/migrate/schema-description.test-support.ts';
// What the 14 migrations sent to the server while the platform and the shop had one list, recorded from that version.
import recorded from './schema-at-0014.json' with { type: 'json' };

// Databases are built and taken down statement by statement: how long that takes is up to the machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const shop = ['catalog/0001-catalog', 'inventory/0001-inventory', 'orders/0001-orders'];
let database: TestDatabase;
let fresh: TestDatabase;

beforeEach(async () => {
  [database, fresh] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await removeSchemas(database);
});
afterEach(() => Promise.all([database.drop(), fresh.drop()]));

/** Brings the empty database to where the old version left it after `last`. */
async function buildOldLayout(last = '0014-key-events'): Promise<void> {
  await database.query(
    `create schema migration authorization signet_owner;
     set role signet_owner;
     create table migration.kysely_migration (name varchar(255) not null primary key, timestamp varchar(255) not null);
     create table migration.kysely_migration_lock (id varchar(255) not null primary key, is_locked integer not null default 0);
     insert into migration.kysely_migration_lock values ('migration_lock', 0)`,
  );
  for (const [index, [name, statements]] of Object.entries(recorded).entries()) {
    if (name > last) continue;
    await database.query(`set role signet_owner; ${statements}`);
    await database.query('insert into migration.kysely_migration (name, timestamp) values ($1, $2)', [
      name,
      new Date(Date.UTC(2026, 10, 1, 0, 0, index)).toISOString(),
    ]);
  }
}

async function addRows(): Promise<void> {
  const tenant = await database.addTenant('kept');
  await database.query(
    `with customer as (
       insert into auth.user (tenant_id, email, password_hash, pepper_id) values ($1, 'ada@example.com', '-', '-') returning id
     ), staff as (
       insert into auth.portal_user (tenant_id, email, fullname, role, password_hash, pepper_id)
       values ($1, 'sue@example.com', 'Sue Member', 'support', '-', '-') returning id
     ), category as (
       insert into catalog.category (tenant_id, slug, name) values ($1, 'lamps', 'Lamps') returning id
     ), product as (
       insert into catalog.product (tenant_id, category_id, sku, name, price_amount, currency)
       select $1, id, 'L-1', 'Lamp', 1000, 'EUR' from category returning id
     ), stock as (
       insert into inventory.stock (tenant_id, product_id, on_hand, reserved) select $1, id, 10, 2 from product
     ), placed as (
       insert into orders.order (tenant_id, user_id, total_amount, currency) select $1, id, 1000, 'EUR' from customer returning id
     ), key as (
       insert into orders.idempotency_key (tenant_id, user_id, operation, key, input_hash)
       select $1, id, 'placeOrder', 'k', sha256('i') from customer
     )
     insert into access.relation_tuple (tenant_id, namespace, object, relation, subject)
     select $1, 'order', placed.id::text, 'viewer', 'user:' || customer.id from placed, customer
     union all select $1, 'customer', customer.id::text, 'assignee', 'staff:' || staff.id from customer, staff`,
    [tenant],
  );
}

const readRows = () =>
  database.query(
    `select u.email, c.slug, p.name, s.on_hand, s.reserved, o.total_amount, k.key, t.namespace, t.relation, t.subject
     from auth.user u, catalog.category c, catalog.product p, inventory.stock s, orders.order o, orders.idempotency_key k,
       access.relation_tuple t order by t.namespace`,
  );

describe('a database in which the platform and the shop had one list of migrations', () => {
  it('comes through the upgrade with its rows, into the same schema and rights as a new one', async () => {
    await buildOldLayout();
    await addRows();
    const rows = await readRows();
    expect(rows).toHaveLength(2);
    const runs = await Promise.all([migrateToLatest(database.adminUrl), migrateToLatest(database.adminUrl)]);
    expect(runs.flat().slice(0, 3)).toEqual(shop);
    expect(await readRows()).toEqual(rows);
    expect(await database.query('select full_name from auth.portal_user')).toEqual([
      { full_name: 'Sue Member' },
    ]);
    expect(await describeSchema(database)).toEqual(await describeSchema(fresh));
    expect(await describePermissions(database.adminUrl)).toBe(await describePermissions(fresh.adminUrl));
    expect(await migrationStatus(database.adminUrl)).toEqual(
      (await migrationStatus(fresh.adminUrl)).map(({ name }) => ({
        name,
        executedAt: expect.any(Date),
        hasChanged: false,
      })),
    );
    expect(await migrateToLatest(database.adminUrl)).toEqual([]);

    // And back to nothing.
    while ((await rollback(database.adminUrl)).length > 0);
    expect(await describeSchema(database)).toEqual([]);
    await migrateToLatest(database.adminUrl);
    expect(await describeSchema(database)).toEqual(await describeSchema(fresh));
  });

  it('is not taken back before it was upgraded', async () => {
    await buildOldLayout();
    await expect(rollback(database.adminUrl)).rejects.toThrow(
      `This database is of a version in which subgraphs had no migrations of their own: run 'npm run db -- migrate' first.`,
    );
  });

  it('stays as it is where the upgrade fails', async () => {
    await buildOldLayout();
    await database.query('drop function orders.counts()');
    const before = await describeSchema(database);
    const failure = await migrateToLatest(database.adminUrl).catch((error) => error);
    expect(failure).toBeInstanceOf(MigrationError);
    expect(failure.message).toBe(
      'Migration orders/0001-orders failed, nothing was changed: function orders.counts() does not exist',
    );
    expect(await describeSchema(database)).toEqual(before);
    const names = await database.query('select name from migration.kysely_migration order by 1');
    expect(names.map(({ name }) => name)).toEqual(Object.keys(recorded));
  });

  it('is refused where it is too old, with what to do', async () => {
    await buildOldLayout('0011-throttles');
    await expect(migrateToLatest(database.adminUrl)).rejects.toThrow(
      `This database is at 0011-throttles, and this version of the code upgrades from 0014-key-events on: run 'npm run db -- migrate' with the version before this one first (CHANGELOG.md), then this one again.`,
    );
  });
});
