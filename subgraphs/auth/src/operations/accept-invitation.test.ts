import { reasonsOf } from '@signet/testing';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { invitationOperations, type Member, type Tenant } from '../testing/invitations.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';
import { trySignIn } from '../testing/session-operations.test-support.ts';

const password = 'twelve blue plums in a boat';
const week = 7 * 24 * 3600;

let auth: TestAuth;
let tenantCount = 0;
let tenant: Tenant;
let admin: Member;
const staff = invitationOperations(
  () => auth,
  () => tenant,
);
const { accept, invite, inviteSomebody, resend, revoke, rowsOf, addMember, tokenTo } = staff;
beforeAll(async () => {
  auth = await startTestAuth(mailSettings, { maxQueuedPasswords: 400 });
});
afterAll(() => auth.stop());
beforeEach(async () => {
  auth.clock.aheadSeconds = 0;
  const slug = `tenant-${++tenantCount}`;
  tenant = { slug, id: await auth.database.addTenant(slug) };
  admin = await addMember('super_admin');
});

const signIn = (email: string) =>
  trySignIn(auth, 'portalLogin', { id: '', email, password }, { tenant: tenant.slug });
const act = (query: string, variables: object, token: string) => auth.ask(query, { ...variables }, { token });
const deactivate = (id: string, by = admin) =>
  act('mutation ($id: ID!) { deactivateStaff(id: $id) { id } }', { id }, by.accessToken);
const changeRole = (id: string, role: string) =>
  act(
    'mutation ($id: ID!, $role: StaffRole!) { changeStaffRole(id: $id, role: $role) { id } }',
    { id, role },
    admin.accessToken,
  );
const stateOf = async (id: string) =>
  (await auth.database.query('select state from auth.portal_invitation where id = $1', [id]))[0].state;

describe('acceptInvitation', () => {
  it('makes a verified account with the role and name of the invitation, and signs in', async () => {
    const { id, email, token } = await inviteSomebody(admin.accessToken, {
      role: 'operations',
      language: 'de',
    });
    const { body } = await accept({ token, password });
    const claims = decodeJwt(body.data.acceptInvitation.accessToken);
    expect(claims).toMatchObject({ platform: 'portal', role: 'operations', email, email_verified: true });
    expect(body.data.acceptInvitation.deviceToken).toEqual(expect.any(String));
    expect(await rowsOf(email)).toMatchObject([
      { id: claims.sub, full_name: 'New Member', language: 'de', is_active: true, is_seeded: false },
    ]);
    expect(await stateOf(id)).toBe('accepted');
    expect(await signIn(email)).toBeDefined();
    const events = await auth.database.query(
      `select actor_id, details from auth.audit_event where tenant_id = $1 and kind = 'auth.staff.joined'`,
      [tenant.id],
    );
    expect(events).toEqual([
      { actor_id: claims.sub, details: { invitation: id, role: 'operations', invitedBy: admin.id } },
    ]);
  });

  it('takes another name than that of the invitation', async () => {
    const { email, token } = await inviteSomebody(admin.accessToken);
    await accept({ token, password, fullName: ' Grace Hopper ' });
    expect(await rowsOf(email)).toMatchObject([{ full_name: 'Grace Hopper' }]);
  });

  it('happens once: of 200 at the same time one makes the account', async () => {
    const { email, token } = await inviteSomebody(admin.accessToken);
    const answers = await Promise.all(Array.from({ length: 200 }, () => accept({ token, password })));
    expect(answers.filter(({ body }) => body.data?.acceptInvitation?.accessToken)).toHaveLength(1);
    const reasons = new Set(answers.flatMap(reasonsOf));
    expect([...reasons]).toEqual(['input.token']);
    expect(await rowsOf(email)).toHaveLength(1);
    expect(reasonsOf(await accept({ token, password })), 'later').toEqual(['input.token']);
  });

  it('refuses a link that was revoked, sent again, or not used within seven days', async () => {
    const revoked = await inviteSomebody(admin.accessToken);
    await revoke(revoked.id, admin.accessToken);
    const replaced = await inviteSomebody(admin.accessToken);
    await resend(replaced.id, admin.accessToken);
    const expired = await inviteSomebody(admin.accessToken);
    expect(reasonsOf(await accept({ token: revoked.token, password }))).toEqual(['input.token']);
    expect(reasonsOf(await accept({ token: replaced.token, password }))).toEqual(['input.token']);
    auth.clock.aheadSeconds = week + 1;
    expect(reasonsOf(await accept({ token: expired.token, password }))).toEqual(['input.token']);
    for (const { email } of [revoked, replaced, expired]) expect(await rowsOf(email)).toEqual([]);
    auth.clock.aheadSeconds = 0;
    expect(reasonsOf(await accept({ token: await tokenTo(replaced.email), password }))).toEqual([]);
  });

  it.each(['', 'x', 'A'.repeat(43), 'x'.repeat(10_000)])(
    'refuses a text that is no token (%#)',
    async (token) => {
      expect(reasonsOf(await accept({ token, password }))).toEqual(['input.token']);
    },
  );

  it('refuses a truncated token, one in another tenant, and one of another purpose; the link stays good', async () => {
    const { email, token } = await inviteSomebody(admin.accessToken);
    for (const other of [token.slice(0, -1), `${token}A`, token.toLowerCase()]) {
      expect(reasonsOf(await accept({ token: other, password }))).toEqual(['input.token']);
    }
    expect(reasonsOf(await accept({ token, password }, 'globex'))).toEqual(['input.token']);
    expect(await rowsOf(email)).toEqual([]);
    expect(reasonsOf(await accept({ token, password }))).toEqual([]);
  });

  it('refuses passwords that others guess first, and uses nothing up', async () => {
    const { email, token } = await inviteSomebody(admin.accessToken);
    for (const weak of ['short', 'Administrator1', email]) {
      expect(reasonsOf(await accept({ token, password: weak }))).toEqual(['input.password']);
    }
    expect(reasonsOf(await accept({ token, password, fullName: 'a\u0007b' }))).toEqual(['input.fullName']);
    expect(reasonsOf(await accept({ token, password }))).toEqual([]);
  });

  it('makes no second account for an address that became a member otherwise', async () => {
    const { email, token } = await inviteSomebody(admin.accessToken);
    await auth.database.query(
      `insert into auth.portal_user (tenant_id, email, full_name, role, password_hash, pepper_id)
       values ($1, $2, 'Other', 'support', 'hash', 'pepper')`,
      [tenant.id, email],
    );
    expect(reasonsOf(await accept({ token, password }))).toEqual(['input.token']);
    expect(await rowsOf(email)).toMatchObject([{ full_name: 'Other', password_hash: 'hash' }]);
  });
});

describe('an invitation is worth what its inviter may do', () => {
  it('ends when the inviter is deactivated, and stays ended when they come back', async () => {
    const inviter = await addMember('super_admin');
    const { id, email, token } = await inviteSomebody(inviter.accessToken);
    await deactivate(inviter.id);
    expect(await stateOf(id)).toBe('revoked');
    await act(
      'mutation ($id: ID!) { reactivateStaff(id: $id) { id } }',
      { id: inviter.id },
      admin.accessToken,
    );
    expect(reasonsOf(await accept({ token, password }))).toEqual(['input.token']);
    expect(await rowsOf(email)).toEqual([]);
  });

  it('ends when the inviter loses the right to invite', async () => {
    const inviter = await addMember('super_admin');
    const { id, token } = await inviteSomebody(inviter.accessToken);
    await changeRole(inviter.id, 'operations');
    expect(await stateOf(id)).toBe('revoked');
    expect(reasonsOf(await accept({ token, password }))).toEqual(['input.token']);
  });

  it.each([`is_active = false`, `role = 'operations'`])(
    'is refused where the row of the inviter has %s, however it came to that',
    async (change) => {
      const inviter = await addMember('super_admin');
      const { email, token } = await inviteSomebody(inviter.accessToken);
      await auth.database.query(`update auth.portal_user set ${change} where id = $1`, [inviter.id]);
      expect(reasonsOf(await accept({ token, password }))).toEqual(['input.token']);
      expect(await rowsOf(email)).toEqual([]);
    },
  );

  it('stays good when another member, who may, sends it again before the inviter leaves', async () => {
    const inviter = await addMember('super_admin');
    const { id, email } = await inviteSomebody(inviter.accessToken);
    await resend(id, admin.accessToken);
    await deactivate(inviter.id);
    expect(reasonsOf(await accept({ token: await tokenTo(email), password }))).toEqual([]);
  });

  it('makes the account before the inviter leaves, or not at all', async () => {
    for (let round = 0; round < 5; round++) {
      const inviter = await addMember('super_admin');
      const { id, email, token } = await inviteSomebody(inviter.accessToken);
      const [accepted] = await Promise.all([accept({ token, password }), deactivate(inviter.id)]);
      const isIn = reasonsOf(accepted).length === 0;
      expect(await rowsOf(email)).toHaveLength(isIn ? 1 : 0);
      expect(await stateOf(id)).toBe(isIn ? 'accepted' : 'revoked');
    }
  });
});

describe('with STAFF_MFA=required', () => {
  let strict: TestAuth;
  let home: Tenant;
  const strictly = invitationOperations(
    () => strict,
    () => home,
  );
  beforeAll(async () => {
    strict = await startTestAuth({ ...mailSettings, STAFF_MFA: 'support' });
    home = { slug: 'demo', id: strict.tenants.demo };
  });
  afterAll(() => strict.stop());

  it('acceptInvitation makes the account and answers with the challenge to add a factor, and gives no session', async () => {
    const root = await strictly.addMember('super_admin');
    const { email, token } = await strictly.inviteSomebody(root.accessToken);
    const { body } = await strictly.accept({ token, password });
    const [error] = body.errors ?? [];
    expect(error?.extensions).toMatchObject({
      reason: 'auth.challenge_required',
      challenge: { id: expect.any(String), methods: expect.arrayContaining(['enroll_totp']) },
    });
    const [row] = await strictly.rowsOf(email);
    expect(row).toMatchObject({ email_verified: true });
    expect(
      await strict.database.query('select from auth.portal_session where staff_id = $1', [row.id]),
    ).toEqual([]);
    expect(reasonsOf(await strictly.accept({ token, password }))).toEqual(['input.token']);
  });
});

it('the mail is in the language of the invitation, and names the inviter, the role and how long it is good', async () => {
  const email = staff.newEmail();
  await invite({ email, role: 'operations', language: 'de' }, admin.accessToken);
  expect(await readMails(auth, 'portal', email)).toMatchObject([
    {
      template: 'staff-invitation',
      accountId: null,
      language: 'de',
      values: {
        inviter: 'A Member',
        role: 'operations',
        validFor: String(week),
        link: expect.stringMatching(/^https:\/\/desk\.example\/accept-invitation#token=[\w-]{43}$/),
      },
    },
  ]);
});

describe('a role that the contract does not have (any more)', () => {
  const unknown = 'director';
  beforeAll(async () => {
    for (const table of ['portal_user', 'portal_invitation']) {
      await auth.database.query(`alter table auth.${table} drop constraint ${table}_role_check`);
    }
  });
  const give = (table: string, id: string) =>
    auth.database.query(`update auth.${table} set role = $1 where id = $2`, [unknown, id]);

  it('gives no session, keeps none going, and manages nobody', async () => {
    const member = await addMember('super_admin');
    const other = await addMember('support');
    await give('portal_user', member.id);
    const signedIn = await auth.ask(
      'mutation ($input: LoginInput!) { portalLogin(input: $input) { accessToken } }',
      { input: { email: member.email, password: member.password } },
      { tenant: tenant.slug },
    );
    expect(reasonsOf(signedIn)).toEqual(['authz.role.deny']);
    const refreshed = await auth.ask(
      'mutation ($input: RefreshInput!) { portalRefresh(input: $input) { accessToken } }',
      { input: { refreshToken: member.refreshToken } },
      { tenant: tenant.slug },
    );
    expect(reasonsOf(refreshed)).toEqual(['authz.role.deny']);
    expect(reasonsOf(await deactivate(other.id, member))).toEqual(['auth.failure.revoked']);
    const assignable = await act('{ assignableStaff { id role } }', {}, admin.accessToken);
    expect(assignable.body.data.assignableStaff).toHaveLength(2);
    expect((await changeRole(member.id, 'support')).body.data.changeStaffRole.id).toBe(member.id);
    expect(await trySignIn(auth, 'portalLogin', member, { tenant: tenant.slug })).toBeDefined();
  });

  it('cannot be had by an invitation, which is not sent again, and can be revoked', async () => {
    const { id, token } = await inviteSomebody(admin.accessToken);
    await give('portal_invitation', id);
    expect(reasonsOf(await accept({ token, password }))).toEqual(['input.token']);
    expect(reasonsOf(await resend(id, admin.accessToken))).toEqual(['authz.role.deny']);
    await auth.database.query('update auth.portal_invitation set inviter_id = null where id = $1', [id]);
    expect(reasonsOf(await accept({ token, password }))).toEqual(['input.token']);
    await revoke(id, admin.accessToken);
    expect(await stateOf(id)).toBe('revoked');
  });
});
