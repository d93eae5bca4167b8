import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ProcessRole, processRoles } from '../roles.ts';
import { createRoleClients, type RoleClients } from './role-client.test-support.ts';
import { addTenantRows, type TenantRows } from './tenant-rows.test-support.ts';

// Functions that run as the owner of the tables, for their caller's tenant: each may be called by one role. Which is written
// in the permissions.txt of the platform and of each subgraph, with a test that no other is there.
const published: readonly (readonly [call: string, caller: ProcessRole])[] = [
  [`auth.end_customer_sessions('0199c2f4-7a10-7000-8000-000000000001')`, 'signet_portal'],
  [`auth.suspend_customer('0199c2f4-7a10-7000-8000-000000000001')`, 'signet_portal'],
  [`auth.reinstate_customer('0199c2f4-7a10-7000-8000-000000000001')`, 'signet_portal'],
  [
    `auth.lock_staff_session('0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000001')`,
    'signet_portal',
  ],
  [`auth.lock_active_staff('0199c2f4-7a10-7000-8000-000000000001')`, 'signet_portal'],
  [`auth.list_customer_sessions('{0199c2f4-7a10-7000-8000-000000000001}', 1)`, 'signet_portal'],
  [`auth.list_customer_factors('{0199c2f4-7a10-7000-8000-000000000001}', 1)`, 'signet_portal'],
  [`auth.list_customer_devices('{0199c2f4-7a10-7000-8000-000000000001}', 1)`, 'signet_portal'],
  [`auth.list_customer_known_devices('{0199c2f4-7a10-7000-8000-000000000001}', 1)`, 'signet_portal'],
  [
    `auth.end_customer_device('0199c2f4-7a10-7000-8000-000000000001', 'x', '0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000001')`,
    'signet_portal',
  ],
  [
    `portal.delete_support_note('0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000001')`,
    'signet_portal',
  ],
  [
    `auth.request_customer_password_reset('0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000001')`,
    'signet_portal',
  ],
  [
    `auth.correct_customer_email('0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000001', 'x@example.com')`,
    'signet_portal',
  ],
  [
    `access.reassign_customers('0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000001')`,
    'signet_auth_portal',
  ],
  [
    `auth.request_customer_factor_reset('0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000002', '0199c2f4-7a10-7000-8000-000000000001', 'Lost.')`,
    'signet_portal',
  ],
  [
    `auth.grant_impersonation('0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000002', '0199c2f4-7a10-7000-8000-000000000001', 'SUPPORT_REQUEST', 'Called.', 'T-1', sha256('x'))`,
    'signet_portal',
  ],
  [
    `auth.end_impersonations('0199c2f4-7a10-7000-8000-000000000002', '0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000001', null)`,
    'signet_portal',
  ],
  [`auth.begin_impersonation(sha256('x'), 900)`, 'signet_auth_user'],
  ...['user', 'portal'].flatMap((platform) =>
    [
      `list_${platform}_service_accounts(null, null, null, 1)`,
      `create_${platform}_service_account(null, null, 'x', '{a}', '{}', null)`,
      `add_${platform}_service_credential(null, null, null, 'jwks', null, null, 'https://x', null)`,
      `revoke_${platform}_service_credential(null, null, null)`,
      `deactivate_${platform}_service_account(null, null, null)`,
    ].map((call) => [`auth.${call}`, 'signet_auth_portal'] as const),
  ),
];

let database: TestDatabase;
let roles: RoleClients;
let acme: TenantRows;
let globex: TenantRows;

beforeAll(async () => {
  database = await createTestDatabase();
  roles = createRoleClients(database);
  acme = await addTenantRows(database, 'acme');
  globex = await addTenantRows(database, 'globex');
});
afterAll(async () => {
  await roles.close();
  await database.drop();
});

it('a function that runs as its owner is called by the one role that it is published to, and refused to the others', async () => {
  const functions = await database.query<{ call: string; callers: string[] }>(
    `select p.oid::regproc || '(' || array_to_string(array_fill('null'::text, array[p.pronargs]), ', ') || ')' as call,
       array(select grantee::regrole::text from aclexplode(proacl) where grantee <> proowner) as callers
     from pg_proc p where prosecdef and prorettype <> 'trigger'::regtype and pronamespace::regnamespace::text !~ '^pg_'`,
  );
  expect(functions.length).toBeGreaterThanOrEqual(13);
  for (const { call, callers } of functions) {
    expect(callers, call).toHaveLength(1);
    for (const role of processRoles) {
      const client = await roles.as(role);
      const refusal = await client.refusalOf(`select * from ${call}`);
      if (callers.includes(role)) expect(refusal ?? '', call).not.toMatch(/^42501/);
      else expect(refusal, `${call} by ${role}`).toMatch(/^42501 permission denied for (function|schema)/);
    }
  }
});

describe('what functions tell', () => {
  it('auth.key_events: what was done to keys, no row of any tenant, and no more than a page', async () => {
    await database.query(
      `insert into auth.audit_event (tenant_id, kind, platform)
       select null, 'auth.key.published', 'user' from generate_series(1, 150)
       union all values ($1::uuid, 'auth.key.rotated', 'user'), ($2::uuid, 'auth.logout', 'user'), (null, 'auth.logout', 'user')`,
      [acme.tenant, globex.tenant],
    );
    const client = await roles.as('signet_portal');
    const ask = async () => {
      const { rows } = await client.query(
        `select kind, count(*)::int as count from auth.key_events(1000, null, null, null, null, null) group by kind`,
      );
      return rows;
    };
    for (const tenant of [acme.tenant, globex.tenant, '', undefined]) {
      expect(await client.tryInTenant(tenant, ask)).toEqual([{ kind: 'auth.key.published', count: 101 }]);
    }
  });

  it.each(published)('%s: a malformed tenant is an error', async (call, caller) => {
    const client = await roles.as(caller);
    const refusal = await client.tryInTenant('x', () => client.refusalOf(`select * from ${call}`));
    expect(refusal).toMatch(/^22P02 /);
  });
});
