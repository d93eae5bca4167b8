import type { SoftwareAuthenticator } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import { factorOperations } from '../testing/factors.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';
import {
  amrOf,
  appOrigins,
  passkeyOperations,
  passkeySettings,
  reasonOf,
} from '../testing/passkeys.test-support.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth({ ...mailSettings, ...passkeySettings, STAFF_MFA: 'required' });
});
afterAll(() => auth.stop());

const act = passkeyOperations(() => auth, 'portal');
const app = factorOperations(() => auth, 'portal');
const add = () => addStaffMember(auth.database, { tenantId: auth.tenants.demo });
const createAuthenticator = () => act.createAuthenticator({ origin: appOrigins.portal });
const begin = (challenge: string, sender = {}) =>
  auth.ask(
    'mutation ($challenge: String!) { beginPortalPasskeyEnrollment(challenge: $challenge) }',
    { challenge },
    sender,
  );
const optionsFor = async (challenge: string) => {
  const { body } = await begin(challenge);
  expect(body.errors).toBeUndefined();
  return body.data.beginPortalPasskeyEnrollment;
};
const finish = (challenge: string, passkey: unknown, name = 'My key') =>
  auth.ask(
    `mutation ($input: FinishPasskeyEnrollmentInput!) {
      finishPortalPasskeyEnrollment(input: $input) { recoveryCodes tokens { accessToken refreshToken } }
    }`,
    { input: { challenge, passkey, name } },
  );
const templatesTo = async ({ email }: TestAccount) =>
  (await readMails(auth, 'portal', email)).map(({ template, values }) => [template, values.factor]);

type Member = {
  account: TestAccount;
  authenticator: SoftwareAuthenticator;
  recoveryCodes: string[];
  tokens: Tokens;
};
async function enroll(): Promise<Member> {
  const account = await add();
  const authenticator = createAuthenticator();
  const { id } = await act.challengeOf(account);
  const { body } = await finish(id, authenticator.create(await optionsFor(id)));
  expect(body.errors).toBeUndefined();
  return { account, authenticator, ...body.data.finishPortalPasskeyEnrollment };
}
const sessionsOf = ({ id }: TestAccount) =>
  auth.database.query('select id from auth.portal_session where staff_id = $1', [id]);

describe('staff who must have a second factor', () => {
  it('add a passkey at the first sign-in, and only then have a session', async () => {
    const account = await add();
    const authenticator = createAuthenticator();
    const { id, methods } = await act.challengeOf(account);
    expect(methods).toEqual(['enroll_totp', 'enroll_passkey']);
    const options = await optionsFor(id);
    expect(options).toMatchObject({
      rp: { id: new URL(appOrigins.portal).hostname },
      user: { name: account.email },
      excludeCredentials: [],
      attestation: 'none',
    });
    expect(await sessionsOf(account)).toEqual([]);
    const { recoveryCodes, tokens } = (await finish(id, authenticator.create(options))).body.data
      .finishPortalPasskeyEnrollment;
    expect(recoveryCodes).toHaveLength(10);
    expect(amrOf(tokens)).toEqual(['pwd', 'hwk', 'user', 'mfa', 'aal2']);
    expect(await templatesTo(account)).toEqual([['factor-added', 'passkey']]);
    expect((await act.challengeOf(account)).methods).toEqual(['passkey', 'recovery_code']);
    expect(amrOf((await act.signInWith(authenticator)).tokens)).toEqual(['hwk', 'user', 'mfa', 'aal2']);
  });

  it('add none that was made elsewhere, for somebody else or for something else, and the challenge stays', async () => {
    const [account, neighbour] = [await add(), await add()];
    const { id } = await act.challengeOf(account);
    const options = await optionsFor(id);
    const theirs = await optionsFor((await act.challengeOf(neighbour)).id);
    const wrong = [
      act.createAuthenticator({ origin: 'https://staff.example.evil.example' }).create(options),
      createAuthenticator().create({ ...options, rp: { id: 'shop.example' } }),
      createAuthenticator().create(theirs),
      {},
    ];
    for (const passkey of wrong) expect(reasonOf(await finish(id, passkey))).toBe('input.passkey');
    expect(await sessionsOf(account)).toEqual([]);
    expect(await templatesTo(account)).toEqual([]);
    expect((await finish(id, createAuthenticator().create(options))).body.errors).toBeUndefined();
  });

  it('get past it with nothing else', async () => {
    const account = await add();
    const { authenticator } = await enroll();
    const { id } = await act.challengeOf(account);
    const passkey = authenticator.get(await act.beginSignIn());
    expect((await act.complete(id, { passkey })).reason).toBe('input.challenge');
    expect(await sessionsOf(account)).toEqual([]);
  });

  it('add no second one by a challenge from before the first one', async () => {
    const account = await add();
    const [first, second] = [await act.challengeOf(account), await act.challengeOf(account)];
    const options = await optionsFor(second.id);
    await finish(first.id, createAuthenticator().create(await optionsFor(first.id)));
    expect(reasonOf(await finish(second.id, createAuthenticator().create(options)))).toBe('input.challenge');
    expect(await sessionsOf(account)).toHaveLength(1);
  });

  it('begin it by no challenge of a factor, of another tenant, or none at all', async () => {
    const { account } = await enroll();
    expect(reasonOf(await begin((await act.challengeOf(account)).id))).toBe('input.challenge');
    const { id } = await act.challengeOf(await add());
    expect(reasonOf(await begin(id, { tenant: 'globex' }))).toBe('input.challenge');
    expect(reasonOf(await begin('nothing'))).toBe('input.challenge');
  });
});

describe('the last factor that works, where one is required,', () => {
  const idOf = async ({ tokens }: Member) => (await act.list(tokens.accessToken))[0]?.id as string;
  const addTotp = async ({ tokens }: Member) => {
    const { secret } = (await app.begin(tokens.accessToken)).body.data[app.fields.begin];
    expect((await app.confirm(tokens.accessToken, app.codeOf(secret))).body.errors).toBeUndefined();
  };
  const disableBy = async ({ authenticator }: Member) => {
    const copy = authenticator.copy();
    expect((await act.signInWith(authenticator)).tokens).toBeDefined();
    expect((await act.signInWith(copy)).text).toContain('copy');
  };

  it('cannot be removed: a passkey', async () => {
    const member = await enroll();
    const removed = await act.remove(member.tokens.accessToken, await idOf(member));
    expect(reasonOf(removed)).toBe('authz.permission.deny');
    expect(await act.list(member.tokens.accessToken)).toHaveLength(1);
    expect(await templatesTo(member.account)).toEqual([['factor-added', 'passkey']]);
    expect((await act.challengeOf(member.account)).methods).toEqual(['passkey', 'recovery_code']);
  });

  it('is the other one of two: the first can be removed', async () => {
    const member = await enroll();
    await addTotp(member);
    const { accessToken } = member.tokens;
    expect((await act.remove(accessToken, await idOf(member))).body.errors).toBeUndefined();
    expect(reasonOf(await app.remove(accessToken))).toBe('authz.permission.deny');
    expect((await act.challengeOf(member.account)).methods).toEqual(['totp', 'recovery_code']);
    expect(await templatesTo(member.account)).toEqual([
      ['factor-added', 'passkey'],
      ['factor-added', 'totp'],
      ['factor-removed', 'passkey'],
    ]);
  });

  it('cannot be removed where only a disabled passkey is left: an app', async () => {
    const member = await enroll();
    await addTotp(member);
    await disableBy(member);
    const { accessToken } = member.tokens;
    expect(reasonOf(await app.remove(accessToken))).toBe('authz.permission.deny');
    expect((await act.challengeOf(member.account)).methods).toEqual(['totp', 'passkey', 'recovery_code']);
    // The disabled one can.
    expect((await act.remove(accessToken, await idOf(member))).body.errors).toBeUndefined();
  });

  it('cannot be removed where only a disabled passkey is left: another passkey', async () => {
    const member = await enroll();
    const { accessToken } = member.tokens;
    const second = createAuthenticator().create(await act.beginRegistration(accessToken));
    const added = await act.finishRegistration(accessToken, second, 'Spare key');
    const { id } = added.body.data.finishPortalPasskeyRegistration.passkey;
    await disableBy(member);
    expect(reasonOf(await act.remove(accessToken, id))).toBe('authz.permission.deny');
    expect(await act.list(accessToken)).toHaveLength(2);
  });
});
