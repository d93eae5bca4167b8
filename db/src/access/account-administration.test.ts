import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { connectAs, createRoleClients, type RoleClients } from './role-client.test-support.ts';
import { addTenantRows, type TenantRows } from './tenant-rows.test-support.ts';

// What auth publishes to portal about customers: each of the tenants has one, with one session, and two more are added.
let database: TestDatabase;
let roles: RoleClients;
let acme: TenantRows;
let globex: TenantRows;

beforeEach(async () => {
  await close();
  database = await createTestDatabase();
  roles = createRoleClients(database);
  acme = await addTenantRows(database, 'acme');
  globex = await addTenantRows(database, 'globex');
  await database.query(
    `insert into auth.user_session (tenant_id, user_id, password_version, amr, expires_at)
     select $1, $2, 1, '{pwd}', now() + interval '1 hour' from generate_series(1, 2)`,
    [acme.tenant, acme.user],
  );
});
afterAll(() => close());

async function close() {
  await roles?.close();
  await database?.drop();
}

const functions = ['end_customer_sessions', 'suspend_customer', 'reinstate_customer'] as const;
const endings = ['end_customer_sessions', 'suspend_customer'] as const;

/** Calls as portal does, and commits. `tenant` undefined: no tenant is set. */
async function call(name: string, customer: string | null, tenant: string | undefined) {
  const client = await roles.as('signet_portal');
  await client.query('begin');
  if (tenant !== undefined) await client.query(`select set_config('app.tenant', $1, true)`, [tenant]);
  const { rows } = await client.query(`select auth.${name}($1) as changed`, [customer]);
  await client.query('commit');
  return rows[0].changed;
}

async function read(user: string) {
  const [row] = await database.query(
    `select is_active as active,
       (select count(*)::int from auth.user_session s where s.user_id = u.id and ended_at is null) as live,
       (select array_agg(distinct end_reason) from auth.user_session s where s.user_id = u.id and ended_at is not null) as ends,
       (select count(*)::int from auth.revocation r where r.subject in (select id::text from auth.user_session s where s.user_id = u.id)) as revoked
     from auth.user u where id = $1`,
    [user],
  );
  return row;
}
const untouched = { active: true, live: 3, ends: null, revoked: 0 };

describe('suspend_customer', () => {
  it('suspends, ends every session and revokes each, in one transaction', async () => {
    const client = await roles.as('signet_portal');
    await client.tryInTenant(acme.tenant, () =>
      client.query('select auth.suspend_customer($1)', [acme.user]),
    );
    expect(await read(acme.user), 'rolled back').toEqual(untouched);
    expect(await call('suspend_customer', acme.user, acme.tenant)).toBe(3);
    expect(await read(acme.user)).toEqual({ active: false, live: 0, ends: ['suspended'], revoked: 3 });
    expect(await call('suspend_customer', acme.user, acme.tenant), 'again').toBe(0);
  });

  it('ends the session of a sign-in that holds the account until just before', async () => {
    await using signIn = await connectAs(database.urlOf('signet_auth_user'));
    await signIn.query('begin');
    await signIn.query(`select set_config('app.tenant', $1, true)`, [acme.tenant]);
    await signIn.query('select id from auth.user where id = $1 for share', [acme.user]);
    const suspending = call('suspend_customer', acme.user, acme.tenant);
    await signIn.query(
      `insert into auth.user_session (tenant_id, user_id, password_version, amr, expires_at)
       values ($1, $2, 1, '{pwd}', now() + interval '1 hour')`,
      [acme.tenant, acme.user],
    );
    await signIn.query('commit');
    expect(await suspending).toBe(4);
    expect(await read(acme.user)).toMatchObject({ active: false, live: 0 });
  });
});

describe('end_customer_sessions', () => {
  it('ends every session, revokes each, and leaves the account active', async () => {
    expect(await call('end_customer_sessions', acme.user, acme.tenant)).toBe(3);
    expect(await read(acme.user)).toEqual({ active: true, live: 0, ends: ['ended'], revoked: 3 });
  });
});

describe('reinstate_customer', () => {
  it('makes the account active and brings no session back', async () => {
    await call('suspend_customer', acme.user, acme.tenant);
    expect(await call('reinstate_customer', acme.user, acme.tenant)).toBe(1);
    expect(await read(acme.user)).toEqual({ active: true, live: 0, ends: ['suspended'], revoked: 3 });
    expect(await call('reinstate_customer', acme.user, acme.tenant)).toBe(0);
  });
});

describe.each(functions)('%s', (name) => {
  it("finds nobody of another tenant, without a tenant, or where the id is staff's, unknown or null", async () => {
    for (const [customer, tenant] of [
      [acme.user, globex.tenant],
      [acme.user, undefined],
      [acme.user, ''],
      [acme.staff, acme.tenant],
      ['0199c2f4-7a10-7000-8000-000000000001', acme.tenant],
      [null, acme.tenant],
    ] as const) {
      expect(await call(name, customer, tenant)).toBeNull();
    }
    expect(await read(acme.user)).toEqual(untouched);
  });
});

it.each(endings)('%s touches nobody else', async (name) => {
  await call(name, acme.user, acme.tenant);
  expect(await read(globex.user)).toMatchObject({ active: true, live: 1 });
});
