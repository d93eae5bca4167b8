import { createTestDatabase } from '@signet/testing/database';
import { describe, expect, it } from 'vitest';
import { ownerRole } from '../roles.ts';
import { connectAs } from './role-client.test-support.ts';
import { addTenantRows, type TenantRows } from './tenant-rows.test-support.ts';
import { findLeaks, testTenantsApart } from './tenants-apart-suite.test-support.ts';

const session = { password_version: 1, amr: ['pwd'], expires_at: new Date(Date.now() + 60_000) };
const account = { email: 'eve@example.com', password_hash: 'hash', pepper_id: 'pepper' };
const mail = { template: 'sample', recipient: Buffer.alloc(16) };
const accountToken = {
  token_hash: Buffer.alloc(32),
  purpose: 'sample',
  password_version: 1,
  email: 'ada@example.com',
  expires_at: session.expires_at,
};
const invitation = {
  email: 'eve@example.com',
  full_name: 'Eve',
  role: 'support',
  token_hash: Buffer.alloc(32),
  expires_at: session.expires_at,
};
const assignee = (user: string, staff: string) => ({
  namespace: 'customer',
  object: user,
  relation: 'assignee',
  subject: `staff:${staff}`,
});

testTenantsApart<TenantRows>({
  roles: ['signet_auth_user', 'signet_auth_portal', 'signet_portal', 'signet_verifier'],
  addRows: addTenantRows,
  changes: [
    ['signet_auth_user', 'update auth.user set updated_at = now()'],
    ['signet_auth_user', 'update auth.user_session set last_used_at = now()'],
    ['signet_auth_user', 'update auth.user_refresh_token set used_at = now()'],
    ['signet_auth_portal', 'update auth.portal_user set updated_at = now()'],
    ['signet_auth_portal', 'update auth.portal_session set ended_at = now()'],
    ['signet_auth_portal', 'update auth.portal_refresh_token set used_at = now()'],
    ['signet_auth_user', 'delete from auth.user_account_token'],
    ['signet_auth_portal', 'delete from auth.portal_account_token'],
    ['signet_auth_portal', 'update auth.portal_invitation set sent_at = now()'],
    ['signet_auth_user', `update auth.user_request set outcome = 'done', settled_at = now()`],
    ['signet_portal', 'delete from access.relation_tuple'],
  ],
  inserts: [
    ['signet_auth_user', 'auth.user', () => account],
    ['signet_auth_user', 'auth.user_session', ({ user }) => ({ user_id: user, ...session })],
    ['signet_auth_portal', 'auth.portal_session', ({ staff }) => ({ staff_id: staff, ...session })],
    [
      'signet_portal',
      'portal.support_note',
      ({ user, staff }) => ({ user_id: user, staff_id: staff, body: 'x' }),
    ],
    ['signet_auth_user', 'auth.user_mail', ({ user }) => ({ account_id: user, ...mail })],
    ['signet_auth_portal', 'auth.portal_mail', ({ staff }) => ({ account_id: staff, ...mail })],
    ['signet_auth_user', 'auth.user_account_token', ({ user }) => ({ account_id: user, ...accountToken })],
    [
      'signet_auth_portal',
      'auth.portal_account_token',
      ({ staff }) => ({ account_id: staff, ...accountToken }),
    ],
    ['signet_auth_portal', 'auth.portal_user', () => ({ ...account, full_name: 'Eve', role: 'support' })],
    ['signet_auth_portal', 'auth.portal_invitation', ({ staff }) => ({ inviter_id: staff, ...invitation })],
    ['signet_auth_user', 'auth.audit_event', () => ({ kind: 'auth.logout', platform: 'user' })],
    ['signet_auth_portal', 'auth.audit_event', () => ({ kind: 'auth.logout', platform: 'portal' })],
    ['signet_portal', 'auth.audit_event', () => ({ kind: 'authz.refused', platform: 'portal' })],
  ],
  foreign: [
    [
      'signet_auth_user',
      "a mail to another tenant's customer",
      'auth.user_mail',
      (_own, other) => ({ account_id: other.user, ...mail }),
    ],
    [
      'signet_auth_portal',
      "a token of another tenant's staff",
      'auth.portal_account_token',
      (_own, other) => ({ account_id: other.staff, ...accountToken }),
    ],
    [
      'signet_portal',
      "a note about another tenant's customer",
      'portal.support_note',
      (own, other) => ({ user_id: other.user, staff_id: own.staff, body: 'x' }),
    ],
    [
      'signet_portal',
      "a note of another tenant's staff",
      'portal.support_note',
      (own, other) => ({ user_id: own.user, staff_id: other.staff, body: 'x' }),
    ],
    [
      'signet_portal',
      "another tenant's staff for a customer",
      'access.relation_tuple',
      (own, other) => assignee(own.user, other.staff),
    ],
  ],
  relations: [
    [
      'signet_portal',
      'customer',
      ({ user, staff }) => assignee(user, staff),
      ({ user, staff }) => ({ ...assignee(user, staff), namespace: 'elsewhere' }),
    ],
  ],
});

describe('these tests see it when', () => {
  it.each([
    [
      'row security of a table is off',
      'alter table portal.support_note disable row level security',
      'signet_portal',
    ],
    ['a policy lets everybody in', 'create policy wide on portal.support_note using (true)', 'signet_portal'],
    ['the owner is not bound', 'alter table portal.support_note no force row level security', undefined],
  ] as const)('%s', async (_title, sql, role) => {
    const broken = await createTestDatabase();
    const { tenant } = await addTenantRows(broken, 'acme');
    await addTenantRows(broken, 'globex');
    await broken.query(sql);
    {
      await using client = role
        ? await connectAs(broken.urlOf(role))
        : await connectAs(broken.adminUrl, ownerRole);
      expect(await findLeaks(client, ['portal.support_note'], tenant, 1)).toEqual([
        'portal.support_note: 2 rows',
      ]);
    }
    await broken.drop();
  });
});
