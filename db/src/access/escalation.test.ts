import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownerRole, processRoles } from '../roles.ts';
import { createRoleClients, type RoleClients } from './role-client.test-support.ts';
import { addSigningKeys } from './tenant-rows.test-support.ts';

// What somebody would try who can make a process run any SQL.
let database: TestDatabase;
let roles: RoleClients;

beforeAll(async () => {
  database = await createTestDatabase();
  roles = createRoleClients(database);
  await addSigningKeys(database);
});
afterAll(async () => {
  await roles.close();
  await database.drop();
});

const others = (role: string) => [ownerRole, ...processRoles.filter((name) => name !== role)];

describe.each(processRoles)('%s cannot', (role) => {
  it('become another role', async () => {
    const client = await roles.as(role);
    for (const name of others(role)) {
      expect(await client.refusalOf(`set role ${name}`)).toMatch(/^42501 /);
      expect(await client.refusalOf(`set session authorization ${name}`)).toMatch(/^42501 /);
      expect(await client.refusalOf(`grant ${name} to ${role}`)).toMatch(/^42501 /);
      expect(await client.refusalOf(`alter role ${name} password 'mine'`)).toMatch(/^42501 /);
    }
    for (const statement of ['reset role', 'set role none', 'reset session authorization', 'discard all']) {
      await client.query(statement);
      const { rows } = await client.query(
        'select session_user::text as session, current_user::text as current',
      );
      expect(rows).toEqual([{ session: role, current: role }]);
    }
  });

  it.each([
    ['a schema', 'create schema mine'],
    ['a table', 'create table public.mine (id int)'],
    ['a table beside the owner', 'create table auth.mine (id int)'],
    ['a temporary table', 'create temporary table tenant (id int)'],
    ['a temporary type', 'create domain pg_temp.uuid as pg_catalog.uuid'],
    ['a temporary function', `create function pg_temp.now() returns int language sql return 1`],
    ['a function beside the owner', `create function auth.now() returns int language sql return 1`],
    ['a function in public', `create function public.now() returns int language sql return 1`],
    ['a function of the system', `create function pg_catalog.mine() returns int language sql return 1`],
    ['a view', 'create view auth.mine as select * from auth.tenant'],
    [
      'a trigger',
      'create trigger t before insert on auth.tenant execute function suppress_redundant_updates_trigger()',
    ],
    ['a role', 'create role mine'],
    ['a database', 'create database mine'],
    ['an extension', 'create extension pgcrypto schema auth'],
    [
      'an event trigger',
      'create event trigger t on ddl_command_end execute function suppress_redundant_updates_trigger()',
    ],
    ['a publication', 'create publication mine for all tables'],
    ['a foreign server', 'create foreign data wrapper mine'],
  ])('make %s', async (_title, sql) => {
    const client = await roles.as(role);
    expect(await client.refusalOutsideOf(sql)).toMatch(/^42501 /);
  });

  it.each([
    ['password hashes of the server', 'select rolpassword from pg_authid'],
    ['files of the server', `select pg_read_file('postgresql.conf')`],
    ['files, by COPY', `copy (select 1) to '/stolen'`],
    ['programs, by COPY', `copy (select 1) to program 'true'`],
    ['files, as large objects', `select lo_import('/etc/hostname')`],
    ['settings of the server', 'alter system set row_security = off'],
    [
      'settings of the database',
      `do $$ begin execute format('alter database %I set app.tenant = x', current_database()); end $$`,
    ],
    ['triggers and foreign keys', 'set session_replication_role = replica'],
    [
      'the rights of what the owner makes',
      `alter default privileges for role ${ownerRole} grant all on tables to public`,
    ],
    ['the history of migrations', 'select * from migration.kysely_migration'],
  ])('reach %s', async (_title, sql) => {
    const client = await roles.as(role);
    expect(await client.refusalOutsideOf(sql)).toMatch(/^42501 /);
  });

  it('pass its own rights on', async () => {
    const client = await roles.as(role);
    const before = await readGrants();
    for (const right of ['select (id)', 'select', 'insert', 'update', 'all']) {
      // Where it holds a right without the right to grant it, the server warns and does nothing.
      await client.refusalOutsideOf(`grant ${right} on auth.tenant to public`);
    }
    expect(await readGrants()).toEqual(before);
  });
});

function readGrants() {
  return database.query(
    `select relacl::text, array(select attacl::text from pg_attribute where attrelid = c.oid order by attnum) as columns
     from pg_class c where oid = 'auth.tenant'::regclass`,
  );
}

describe('signing keys', () => {
  const insert = (platform: string) =>
    `insert into auth.signing_key (kid, platform, algorithm, state, sealed_private_key) values ('new', '${platform}', 'EdDSA', 'next', 'x')`;

  it.each([
    ['signet_auth_user', 'user', 'portal'],
    ['signet_auth_portal', 'portal', 'user'],
  ] as const)('%s sees and adds those of %s, none of %s, whatever the tenant', async (role, own, foreign) => {
    const client = await roles.as(role);
    for (const tenant of [undefined, '', 'x', '00000000-0000-0000-0000-000000000000']) {
      await client.tryInTenant(tenant, async () => {
        expect((await client.query('select kid from auth.signing_key')).rows).toEqual([
          { kid: `${own}-key` },
        ]);
        expect(await client.refusalOf(insert(own))).toBeUndefined();
        expect(await client.refusalOf(insert(foreign))).toMatch(/^42501 new row violates row-level security/);
      });
    }
  });
});
