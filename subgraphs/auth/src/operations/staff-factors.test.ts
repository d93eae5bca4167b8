import { reasonsOf } from '@signet/testing';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  addCustomer,
  addStaffMember,
  type TestAccount,
  testPassword,
} from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import { factorOperations } from '../testing/factors.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';
import { passkeyOperations, passkeySettings } from '../testing/passkeys.test-support.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth({ STAFF_MFA: 'operations,super_admin', ...mailSettings, ...passkeySettings });
  auth.clock.stoppedAt = Date.now(); // A code is of one step of half a minute.
});
afterAll(() => auth.stop());

const staff = factorOperations(() => auth, 'portal');
const customers = factorOperations(() => auth, 'user');
const passkeys = passkeyOperations(() => auth, 'user');
const addPasskey = async (token: string) => {
  const made = passkeys.createAuthenticator().create(await passkeys.beginRegistration(token));
  expect(reasonsOf(await passkeys.finishRegistration(token, made))).toEqual([]);
};
const addStaff = (role: 'support' | 'operations' | 'super_admin') =>
  addStaffMember(auth.database, { tenantId: auth.tenants.demo, role });
const beginEnrollment = (challenge: string, sender = {}) =>
  auth.ask(
    'mutation ($challenge: String!) { beginPortalTotpEnrollment(challenge: $challenge) { secret uri } }',
    { challenge },
    sender,
  );
const confirmEnrollment = (challenge: string, code: string) =>
  auth.ask(
    `mutation ($input: ConfirmTotpEnrollmentInput!) {
      confirmPortalTotpEnrollment(input: $input) { recoveryCodes tokens { accessToken refreshToken } }
    }`,
    { input: { challenge, code } },
  );
async function enroll(account: TestAccount) {
  const { id } = await staff.challengeOf(account);
  const { secret } = (await beginEnrollment(id)).body.data.beginPortalTotpEnrollment;
  const { body } = await confirmEnrollment(id, staff.codeOf(secret, -1));
  return { secret, ...body.data.confirmPortalTotpEnrollment } as {
    secret: string;
    recoveryCodes: string[];
    tokens: Tokens;
  };
}
const sessionsOf = (account: TestAccount) =>
  auth.database.query<{ end_reason: string | null }>(
    'select end_reason from auth.portal_session where staff_id = $1 order by id',
    [account.id],
  );

describe('staff whose role needs a second factor', () => {
  it('adds one at the first sign-in, and only then has a session', async () => {
    const account = await addStaff('operations');
    const { id, methods } = await staff.challengeOf(account);
    expect(methods).toEqual(['enroll_totp', 'enroll_passkey']);
    const { body } = await beginEnrollment(id);
    const { secret } = body.data.beginPortalTotpEnrollment;
    expect(await sessionsOf(account)).toEqual([]);
    const wrong = await confirmEnrollment(id, '000000');
    expect(reasonsOf(wrong)).toEqual(['input.code']);
    const confirmed = await confirmEnrollment(id, staff.codeOf(secret));
    const { recoveryCodes, tokens } = confirmed.body.data.confirmPortalTotpEnrollment;
    expect(recoveryCodes).toHaveLength(10);
    expect(decodeJwt(tokens.accessToken)).toMatchObject({ sub: account.id, acr: 'aal2' });
    expect((await staff.signIn(account)).challenge?.methods).toEqual(['totp', 'recovery_code']);
    expect((await staff.list(tokens.accessToken)).body.data.portalFactors.areRequired).toBe(true);
  });

  it('others of the staff, and customers, need none', async () => {
    expect((await staff.signIn(await addStaff('support'))).tokens).toBeDefined();
    const customer = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    expect((await customers.signIn(customer)).tokens).toBeDefined();
  });

  it('cannot answer that challenge with anything else', async () => {
    const { id } = await staff.challengeOf(await addStaff('operations'));
    for (const answer of [{ totp: '000000' }, { recoveryCode: 'aaaa-bbbb-cccc' }]) {
      expect((await staff.complete(id, answer)).reason).toBe('input.challenge');
    }
  });

  it('cannot add a second app by a challenge from before the first one', async () => {
    const account = await addStaff('operations');
    const [first, second] = [await staff.challengeOf(account), await staff.challengeOf(account)];
    const begun = await beginEnrollment(first.id);
    await confirmEnrollment(first.id, staff.codeOf(begun.body.data.beginPortalTotpEnrollment.secret));
    const intruders = await beginEnrollment(second.id);
    expect(reasonsOf(intruders)).toEqual(['input.challenge']);
    expect(reasonsOf(await confirmEnrollment(second.id, '000000'))).toEqual(['input.challenge']);
  });

  it('no challenge of a factor begins an enrolment, nor does one of another tenant or none at all', async () => {
    const account = await addStaff('operations');
    await enroll(account);
    const { id } = await staff.challengeOf(account);
    expect(reasonsOf(await beginEnrollment(id))).toEqual(['input.challenge']);
    expect(reasonsOf(await confirmEnrollment(id, '000000'))).toEqual(['input.challenge']);
    const newcomer = await staff.challengeOf(await addStaff('operations'));
    expect(reasonsOf(await beginEnrollment(newcomer.id, { tenant: 'globex' }))).toEqual(['input.challenge']);
    expect(reasonsOf(await beginEnrollment('nothing'))).toEqual(['input.challenge']);
  });

  it('cannot remove the last factor', async () => {
    const { tokens } = await enroll(await addStaff('operations'));
    expect(reasonsOf(await staff.remove(tokens.accessToken))).toEqual(['authz.permission.deny']);
    expect((await staff.list(tokens.accessToken)).body.data.portalFactors.totp).not.toBeNull();
  });

  it('cannot have a device remembered where the operator has not turned that on', async () => {
    const account = await addStaff('operations');
    const { secret } = await enroll(account);
    const answer = { totp: staff.codeOf(secret), rememberDevice: true };
    expect((await staff.complete((await staff.challengeOf(account)).id, answer)).reason).toBe(
      'input.rememberDevice',
    );
  });

  it('a session from before the role asked for a factor ends at its next refresh', async () => {
    const account = await addStaff('support');
    const { tokens } = await staff.signIn(account);
    await auth.database.query(`update auth.portal_user set role = 'operations' where id = $1`, [account.id]);
    expect((await staff.refresh(tokens?.refreshToken ?? '')).reason).toBe('auth.failure.revoked');
    expect(await sessionsOf(account)).toEqual([{ end_reason: 'factor' }]);
  });

  it.each([
    [
      'portalReauthenticate',
      `mutation { portalReauthenticate(input: { password: "${testPassword}" }) { accessToken } }`,
    ],
    [
      'changePortalPassword',
      `mutation {
        changePortalPassword(input: { currentPassword: "${testPassword}", newPassword: "seven blue pears in a boat" }) {
          tokens { accessToken }
        }
      }`,
    ],
  ])('nor does such a session get new tokens by %s', async (_field, mutation) => {
    const account = await addStaff('support');
    const { tokens } = await staff.signIn(account);
    await auth.database.query(`update auth.portal_user set role = 'operations' where id = $1`, [account.id]);
    const answer = await auth.ask(mutation, {}, { token: tokens?.accessToken ?? '' });
    expect(reasonsOf(answer)).toEqual(['auth.failure.revoked']);
    expect(await sessionsOf(account)).toEqual([{ end_reason: 'factor' }]);
    expect((await staff.challengeOf(account)).methods).toEqual(['enroll_totp', 'enroll_passkey']);
  });
});

describe('a reset of second factors', () => {
  const reset = (id: string, token: string | undefined, reason = 'The phone was lost.') =>
    auth.ask(
      'mutation ($id: ID!, $reason: String!) { resetStaffFactors(id: $id, reason: $reason) }',
      { id, reason },
      token === undefined ? {} : { token },
    );
  const cancel = (id: string, token: string) =>
    auth.ask('mutation ($id: ID!) { cancelStaffFactorReset(id: $id) }', { id }, { token });
  const admin = async () => (await enroll(await addStaff('super_admin'))).tokens.accessToken;
  const mailsTo = async (account: TestAccount) =>
    (
      await auth.database.query<{ template: string }>(
        `select template from auth.portal_mail where account_id = $1 order by created_at`,
        [account.id],
      )
    ).map(({ template }) => template);

  it('takes the factors and sessions of a member of staff, who adds a factor at the next sign-in', async () => {
    const account = await addStaff('operations');
    const { recoveryCodes } = await enroll(account);
    const old = await staff.challengeOf(account);
    const { body } = await reset(account.id, await admin());
    expect(body.errors).toBeUndefined();
    expect(await sessionsOf(account)).toEqual([{ end_reason: 'factor' }]);
    expect((await staff.complete(old.id, { recoveryCode: recoveryCodes[0] as string })).reason).toBe(
      'input.challenge',
    );
    expect((await staff.challengeOf(account)).methods).toEqual(['enroll_totp', 'enroll_passkey']);
    expect(await mailsTo(account)).toEqual(['factor-added', 'factor-reset']);
    const [mail] = (await readMails(auth, 'portal', account.email)).slice(-1);
    expect(mail?.values.factors).toBe('totp,recovery_codes');
    const rows = await auth.database.query(
      `select kind, actor_id is not null as has_actor from auth.audit_event where subject_id = $1 and kind = 'auth.factor.reset'`,
      [account.id],
    );
    expect(rows).toEqual([{ kind: 'auth.factor.reset', has_actor: true }]);
  });

  it('of a super_admin waits for a day, in which they can cancel it', async () => {
    const account = await addStaff('super_admin');
    auth.clock.aheadSeconds = -340;
    const { tokens: old, secret } = await enroll(account);
    auth.clock.aheadSeconds = 0;
    const { body } = await reset(account.id, await admin());
    const dueAt = new Date(body.data.resetStaffFactors).getTime();
    expect(dueAt - (auth.clock.stoppedAt ?? 0)).toBe(24 * 3600 * 1000);
    expect(await mailsTo(account)).toEqual(['factor-added', 'factor-reset-pending']);
    expect((await staff.signIn(account)).challenge?.methods).toEqual(['totp', 'recovery_code']);
    expect(reasonsOf(await cancel(account.id, old.accessToken))).toEqual(['authz.step_up.required']);
    const { id } = await staff.challengeOf(account);
    const token = (await staff.complete(id, { totp: staff.codeOf(secret) })).tokens?.accessToken ?? '';
    expect((await cancel(account.id, token)).body.data.cancelStaffFactorReset).toBe(true);
    expect((await cancel(account.id, token)).body.data.cancelStaffFactorReset).toBe(false);
  });

  it('of a super_admin is carried out when the day is over', async () => {
    const account = await addStaff('super_admin');
    await enroll(account);
    await reset(account.id, await admin());
    await auth.database.query(`update auth.portal_factor_reset set due_at = now() where account_id = $1`, [
      account.id,
    ]);
    await vi.waitFor(
      async () =>
        expect((await staff.challengeOf(account)).methods).toEqual(['enroll_totp', 'enroll_passkey']),
      20_000,
    );
    expect(await mailsTo(account)).toEqual(['factor-added', 'factor-reset-pending', 'factor-reset']);
  });

  it('of one who was super_admin within the day waits as well, so that no other role opens the way', async () => {
    const account = await addStaff('super_admin');
    await enroll(account);
    const { tokens } = await enroll(await addStaff('super_admin'));
    const demote = await auth.ask(
      'mutation ($id: ID!) { changeStaffRole(id: $id, role: operations) { role } }',
      { id: account.id },
      { token: tokens.accessToken },
    );
    expect(reasonsOf(demote)).toEqual([]);
    const { body } = await reset(account.id, tokens.accessToken);
    const dueAt = new Date(body.data.resetStaffFactors).getTime();
    expect(dueAt - (auth.clock.stoppedAt ?? 0)).toBe(24 * 3600 * 1000);
    expect((await staff.challengeOf(account)).methods).toEqual(['totp', 'recovery_code']);
    // A day later it is at once, and settles the one that waits: else that would take what is added next.
    await auth.database.query(
      `update auth.portal_user set last_super_admin_at = now() - interval '25 hours' where id = $1`,
      [account.id],
    );
    await reset(account.id, tokens.accessToken);
    expect((await staff.challengeOf(account)).methods).toContain('enroll_totp');
    const resets = await auth.database.query(
      'select outcome from auth.portal_factor_reset where account_id = $1 order by id',
      [account.id],
    );
    expect(resets).toEqual([{ outcome: 'cancelled' }, { outcome: 'done' }]);
  });

  it("takes customers' factors within seconds, when it is asked for by the portal, and tells them what it took", async () => {
    const customer = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const other = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const { tokens } = await customers.addTotp(customer);
    await addPasskey(tokens.accessToken);
    await addPasskey(tokens.accessToken);
    const { id: staffId } = await addStaff('operations');
    await auth.database.query(
      `insert into auth.user_factor_reset (tenant_id, account_id, staff_id, reason)
       select $1, account_id, $3, 'Lost.' from unnest($2::uuid[]) as account_id`,
      [auth.tenants.demo, [customer.id, other.id], staffId],
    );
    await vi.waitFor(async () => expect((await customers.signIn(customer)).tokens).toBeDefined(), 20_000);
    const rows = await auth.database.query(
      `select actor_id, platform, details from auth.audit_event where subject_id = $1 and kind = 'auth.factor.reset'`,
      [customer.id],
    );
    const details = { ended: 1, factors: 'totp passkey passkey recovery_codes' };
    expect(rows).toEqual([{ actor_id: staffId, platform: 'user', details }]);
    const toldTo = async ({ email }: TestAccount) =>
      (await readMails(auth, 'user', email)).map(({ template, values }) => [template, values.factors]);
    expect((await toldTo(customer)).at(-1)).toEqual(['factor-reset', 'totp,passkey,passkey,recovery_codes']);
    await expect.poll(() => toldTo(other)).toEqual([['factor-reset', 'no_factors']]);
  });

  it('is not for oneself, not without the scope, not without a reason, and not in another tenant', async () => {
    const account = await addStaff('super_admin');
    const { tokens } = await enroll(account);
    const target = await addStaff('support');
    const reasonOf = async (...asked: Parameters<typeof reset>) => reasonsOf(await reset(...asked));
    expect(await reasonOf(account.id, tokens.accessToken)).toEqual(['authz.permission.deny']);
    expect(await reasonOf(target.id, tokens.accessToken, ' ')).toEqual(['input.reason']);
    expect(await reasonOf(target.id, tokens.accessToken, 'x'.repeat(501))).toEqual(['input.reason']);
    const foreign = await addStaffMember(auth.database, { tenantId: auth.tenants.globex });
    expect(await reasonOf(foreign.id, tokens.accessToken)).toEqual(['input.id']);
    expect(await reasonOf(target.id, undefined)).toEqual(['auth.failure.missing_token']);
    const operations = await enroll(await addStaff('operations'));
    expect(await reasonOf(target.id, operations.tokens.accessToken)).toEqual(['authz.scope.deny']);
    expect(reasonsOf(await cancel(account.id, operations.tokens.accessToken))).toEqual(['authz.role.deny']);
  });
});
