import { reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { invitationOperations, type Member, type Tenant } from '../testing/invitations.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';

const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let auth: TestAuth;
let tenantCount = 0;
let tenant: Tenant;
let admin: Member;
const staff = invitationOperations(
  () => auth,
  () => tenant,
);
const { invite, inviteSomebody, list, newEmail, resend, revoke, addMember } = staff;
beforeAll(async () => {
  auth = await startTestAuth(mailSettings);
});
afterAll(() => auth.stop());
beforeEach(async () => {
  const slug = `tenant-${++tenantCount}`;
  tenant = { slug, id: await auth.database.addTenant(slug) };
  admin = await addMember('super_admin');
});

const countMails = async (email: string) => (await readMails(auth, 'portal', email)).length;
/** Access tokens are checked by the real time, so it is the row that ages. */
const expire = (email: string) =>
  auth.database.query(
    `update auth.portal_invitation set expires_at = now() - interval '1 second' where email = $1 and state = 'open'`,
    [email],
  );
const kinds = async () =>
  (
    await auth.database.query(
      `select kind, actor_id, details from auth.audit_event where tenant_id = $1 and kind like 'auth.staff.%' order by id`,
      [tenant.id],
    )
  ).map(({ kind, actor_id, details }) => ({ kind, by: actor_id, ...details }));

describe('inviteStaff', () => {
  it('answers with the invitation, mails it, and writes the audit log without the address', async () => {
    const email = newEmail();
    const { body } = await invite(
      { email: ` ${email.toUpperCase()}`, role: 'super_admin' },
      admin.accessToken,
    );
    const invitation = body.data.inviteStaff;
    expect(invitation).toMatchObject({
      email,
      fullName: 'New Member',
      role: 'super_admin',
      state: 'OPEN',
      invitedBy: { id: admin.id },
    });
    expect(Date.parse(invitation.expiresAt) - Date.parse(invitation.sentAt)).toBe(7 * 24 * 3600_000);
    expect(await countMails(email)).toBe(1);
    expect(await kinds()).toEqual([
      { kind: 'auth.staff.invited', by: admin.id, invitation: invitation.id, role: 'super_admin' },
    ]);
  });

  it('refuses an address that is a member of staff, that is a deactivated one, or that was invited already', async () => {
    const active = await addStaffMember(auth.database, { tenantId: tenant.id });
    const gone = await addStaffMember(auth.database, { tenantId: tenant.id, isActive: false });
    const { email } = await inviteSomebody(admin.accessToken);
    for (const [taken, text] of [
      [active.email, /is the address of a member/],
      [gone.email, /reactivate/],
      [email, /invited already/],
    ] as const) {
      const { body } = await invite({ email: taken }, admin.accessToken);
      expect(body.errors).toMatchObject([
        { message: expect.stringMatching(text), extensions: { reason: 'input.email' } },
      ]);
    }
    expect(await countMails(active.email)).toBe(0);
    expect(await countMails(email)).toBe(1);
  });

  it('of many at once for one address makes one', async () => {
    const email = newEmail();
    const answers = await Promise.all(Array.from({ length: 10 }, () => invite({ email }, admin.accessToken)));
    expect(answers.flatMap(reasonsOf)).toEqual(Array(9).fill('input.email'));
    expect(await countMails(email)).toBe(1);
  });

  it('invites an address anew whose invitation expired, and one that is a customer', async () => {
    const { email } = await inviteSomebody(admin.accessToken);
    await expire(email);
    const later = await addMember('super_admin');
    expect(reasonsOf(await invite({ email }, later.accessToken))).toEqual([]);
    const customer = await addCustomer(auth.database, { tenantId: tenant.id });
    expect(reasonsOf(await invite({ email: customer.email }, later.accessToken))).toEqual([]);
  });

  it.each([
    ['an address with a line break', { email: 'a@example.com\r\nBcc: b@example.com' }, 'input.email'],
    ['an address of 10 KB', { email: `${'a'.repeat(10_000)}@example.com` }, 'input.email'],
    ['no address', { email: 'nobody' }, 'input.email'],
    ['an empty name', { email: 'a@example.com', fullName: ' ' }, 'input.fullName'],
    ['a name with a line break', { email: 'a@example.com', fullName: 'A\r\nBcc: b' }, 'input.fullName'],
    ['no language tag', { email: 'a@example.com', language: '../../x' }, 'input.language'],
  ])('refuses %s', async (_what, input, reason) => {
    expect(reasonsOf(await invite(input, admin.accessToken))).toEqual([reason]);
    expect(
      await auth.database.query('select from auth.portal_invitation where tenant_id = $1', [tenant.id]),
    ).toEqual([]);
  });
});

describe('resendInvitation', () => {
  it('sends a new link, and the invitation is good for seven days more', async () => {
    const { id, email, token } = await inviteSomebody(admin.accessToken);
    await expire(email);
    const other = await addMember('super_admin');
    expect((await list(other.accessToken)).body.data.staffInvitations.edges[0].node.state).toBe('EXPIRED');
    expect((await resend(id, other.accessToken)).body.data.resendInvitation).toMatchObject({
      id,
      state: 'OPEN',
      invitedBy: { id: other.id },
    });
    expect(await countMails(email)).toBe(2);
    expect(await staff.tokenTo(email)).not.toBe(token);
  });

  it('refuses one that was revoked', async () => {
    const { id, email } = await inviteSomebody(admin.accessToken);
    await revoke(id, admin.accessToken);
    expect(reasonsOf(await resend(id, admin.accessToken))).toEqual(['input.id']);
    expect(await countMails(email)).toBe(1);
  });
});

describe('revokeInvitation', () => {
  it('ends it, once', async () => {
    const { id } = await inviteSomebody(admin.accessToken);
    expect((await revoke(id, admin.accessToken)).body.data.revokeInvitation.state).toBe('REVOKED');
    expect(reasonsOf(await revoke(id, admin.accessToken)), 'again').toEqual([]);
    expect((await kinds()).map(({ kind }) => kind)).toEqual([
      'auth.staff.invited',
      'auth.staff.invitation_revoked',
    ]);
  });

  it('refuses one that was accepted', async () => {
    const { id, token } = await inviteSomebody(admin.accessToken);
    await staff.accept({ token, password: 'twelve blue plums in a boat' });
    expect(reasonsOf(await revoke(id, admin.accessToken))).toEqual(['input.id']);
  });
});

it('staffInvitations lists those of the tenant', async () => {
  const first = await inviteSomebody(admin.accessToken);
  const second = await inviteSomebody(admin.accessToken);
  const { body } = await list(admin.accessToken);
  const ids = body.data.staffInvitations.edges.map(({ node }: { node: { id: string } }) => node.id);
  expect(ids.sort()).toEqual([first.id, second.id].sort());
});

const operations = [
  { name: 'inviteStaff', ask: (_id: string, token?: string) => invite({ email: newEmail() }, token) },
  { name: 'resendInvitation', ask: resend },
  { name: 'revokeInvitation', ask: revoke },
  { name: 'staffInvitations', ask: (_id: string, token?: string) => list(token) },
];

describe.each(operations)('$name', ({ ask }) => {
  it('is for staff who manage staff: no one else, no customer, and nobody whose session is over', async () => {
    const { id } = await inviteSomebody(admin.accessToken);
    const operator = await addMember('operations');
    const customer = await auth.signIn(
      'login',
      await addCustomer(auth.database, { tenantId: auth.tenants.demo }),
    );
    expect(reasonsOf(await ask(id))).toEqual(['auth.failure.missing_token']);
    expect(reasonsOf(await ask(id, customer.accessToken))).toEqual(['authz.platform.deny']);
    expect(reasonsOf(await ask(id, operator.accessToken))).toEqual(['authz.scope.deny']);
  });
});

describe.each(operations.slice(0, 3))('$name, whatever the token says,', ({ ask }) => {
  it('refuses somebody who was demoted or deactivated a moment ago', async () => {
    const { id } = await inviteSomebody(admin.accessToken);
    const other = await addMember('super_admin');
    await auth.database.query(`update auth.portal_user set role = 'operations' where id = $1`, [other.id]);
    expect(reasonsOf(await ask(id, other.accessToken))).toEqual(['authz.role.deny']);
    await auth.database.query(`update auth.portal_user set is_active = false where id = $1`, [other.id]);
    expect(reasonsOf(await ask(id, other.accessToken))).toEqual(['auth.failure.revoked']);
  });
});

describe.each(operations.slice(1, 3))('$name', ({ ask }) => {
  it("refuses an id that is none, an unknown one, and another tenant's", async () => {
    const { id } = await inviteSomebody(admin.accessToken);
    const slug = `other-${tenantCount}`;
    tenant = { slug, id: await auth.database.addTenant(slug) };
    const foreign = await addMember('super_admin');
    for (const wrong of [id, unknownId, 'x']) {
      expect(reasonsOf(await ask(wrong, foreign.accessToken))).toEqual(['input.id']);
    }
  });
});

it('without mail nobody is invited: the text says why', async () => {
  const silent = await startTestAuth();
  try {
    const member = invitationOperations(
      () => silent,
      () => ({ slug: 'demo', id: silent.tenants.demo }),
    );
    const root = await member.addMember('super_admin');
    const { body } = await member.invite({ email: newEmail() }, root.accessToken);
    expect(body.errors).toMatchObject([
      {
        message: expect.stringContaining('No mail is configured'),
        extensions: { reason: 'authz.permission.deny' },
      },
    ]);
    expect(reasonsOf(await member.resend(unknownId, root.accessToken))).toEqual(['authz.permission.deny']);
  } finally {
    await silent.stop();
  }
});
