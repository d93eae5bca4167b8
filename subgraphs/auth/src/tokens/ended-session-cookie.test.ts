import { createDatabase } from '@signet/db';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { createTestBrowser } from '../testing/browser.test-support.ts';

/** The same guarantees hold on both platforms. */
describe.each([
  { platform: 'user', other: 'portal' },
  { platform: 'portal', other: 'user' },
] as const)('the cookie of a session that ends, on the platform $platform', ({ platform, other }) => {
  const addAccount = platform === 'user' ? addCustomer : addStaffMember;
  let auth: TestAuth;
  let account: TestAccount;
  beforeAll(async () => {
    auth = await startTestAuth();
    account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
  });
  afterAll(() => auth.stop());
  const browser = createTestBrowser(
    () => auth,
    () => account,
    platform,
  );
  const { ask, cleared, endOf, fields, logout, name, refresh, sidOf, signIn } = browser;

  it('refresh clears the cookie of a session that is over', async () => {
    const { body, value } = await signIn();
    await auth.database.query(
      `update auth.${platform}_session set ended_at = now(), end_reason = 'ended' where id = $1`,
      [sidOf(body.data[fields.signIn])],
    );
    const { reason, set } = await refresh({ cookie: `${name}=${value}` });
    expect([reason, set]).toEqual(['auth.failure.revoked', [cleared]]);
    const answer = await refresh({ session: '' }, { refreshToken: value });
    expect([answer.reason, answer.set]).toEqual(['auth.failure.revoked', []]);
  });

  it('logout keeps the cookie where the session cannot be ended, so that the client may try again', async () => {
    const { body, value } = await signIn();
    const sid = sidOf(body.data[fields.signIn]);
    const holder = createDatabase(auth.database.adminUrl);
    const trx = await holder.startTransaction().execute();
    await sql`select from ${sql.table(`auth.${platform}_session`)} where id = ${sid} for update`.execute(trx);
    const refused = await logout({ cookie: `${name}=${value}`, timeoutMs: 500 });
    await trx.rollback().execute();
    await holder.destroy();
    expect([refused.reason, refused.set]).toEqual(['auth.unavailable', []]);
    expect(await endOf(sid)).toBeNull();
    const answer = await logout({ cookie: `${name}=${value}` });
    expect([answer.reason, answer.set]).toEqual([undefined, [cleared]]);
    expect(await endOf(sid)).toBe('logout');
  });

  it('a second sign-in ends the session whose cookie it replaces, and no other', async () => {
    const [one, other] = [await signIn(), await signIn()];
    const two = await signIn({ cookie: `${name}=${one.value}` });
    expect(await endOf(sidOf(one.body.data[fields.signIn]))).toBe('replaced');
    // A tab that had sent the old cookie must not delete the new one.
    const late = await refresh({ cookie: `${name}=${one.value}` });
    expect([late.reason, late.set]).toEqual(['auth.failure.revoked', []]);
    for (const { body } of [other, two]) expect(await endOf(sidOf(body.data[fields.signIn]))).toBeNull();
    const audit = await auth.database.query(
      `select details from auth.audit_event where kind = 'auth.logout' and session_id = $1`,
      [sidOf(one.body.data[fields.signIn])],
    );
    expect(audit).toEqual([{ details: { replaced: true } }]);
  });

  it('a change of password ends the session whose cookie it replaces, of another account, and not its own', async () => {
    const { body, value } = await signIn();
    const other = await addAccount(auth.database, { tenantId: auth.tenants.demo });
    const begun = await ask(
      `mutation ($input: LoginInput!) { ${fields.signIn}(input: $input) { accessToken } }`,
      { input: { email: other.email, password: other.password } },
      { session: '' },
    );
    const tokens = begun.body.data[fields.signIn];
    const change = platform === 'user' ? 'changePassword' : 'changePortalPassword';
    const changePassword = (cookie: string, currentPassword: string, newPassword: string) =>
      ask(
        `mutation ($input: ChangePasswordInput!) { ${change}(input: $input) { endedSessions } }`,
        { input: { currentPassword, newPassword } },
        { token: tokens.accessToken, cookie: `${name}=${cookie}` },
      );
    const changed = await changePassword(value ?? '', other.password, 'twelve blue plums in a boat');
    expect(changed.reason).toBeUndefined();
    expect(await endOf(sidOf(body.data[fields.signIn]))).toBe('replaced');
    const own = changed.value ?? '';
    const again = await changePassword(own, 'twelve blue plums in a boat', 'eleven red plums in a boat');
    expect(again.reason).toBeUndefined();
    expect(await endOf(sidOf(tokens))).toBeNull();
  });

  it('a sign-in ends no session whose cookie it does not replace', async () => {
    const { body, value } = await signIn();
    const sid = sidOf(body.data[fields.signIn]);
    await signIn({ session: '', cookie: `${name}=${value}` });
    await signIn({ cookie: `__Host-signet-${other}-refresh=${value}` });
    await signIn({ cookie: `${name}=${value}`, password: 'not the password' });
    expect(await endOf(sid)).toBeNull();
    expect((await refresh({ cookie: `${name}=${value}` })).reason).toBeUndefined();
  });

  it('logout ends the session of the cookie, and clears it', async () => {
    const { body, value } = await signIn();
    const { body: answer, set } = await logout({ cookie: `${name}=${value}` });
    expect(answer.data).toEqual({ [fields.logout]: true });
    expect(set).toEqual([`${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict`]);
    expect(await endOf(sidOf(body.data[fields.signIn]))).toBe('logout');
    expect((await refresh({ cookie: `${name}=${value}` })).reason).toBe('auth.failure.revoked');
  });

  it('logout ends the sessions of both the cookie and the access token', async () => {
    const [one, two] = [await signIn(), await signIn()];
    const token = one.body.data[fields.signIn].accessToken;
    expect((await logout({ token, cookie: `${name}=${two.value}` })).body.data[fields.logout]).toBe(true);
    for (const { body } of [one, two]) expect(await endOf(sidOf(body.data[fields.signIn]))).toBe('logout');
  });

  it('logout with an invalid cookie clears it, and ends the session of the access token', async () => {
    const { body } = await signIn();
    const cookie = `${name}=${'x'.repeat(43)}`;
    const alone = await logout({ cookie });
    expect([alone.reason, alone.value]).toEqual(['auth.failure.invalid_credentials', '']);
    const { accessToken: token } = body.data[fields.signIn];
    expect((await logout({ token, cookie })).body.data[fields.logout]).toBe(true);
    expect(await endOf(sidOf(body.data[fields.signIn]))).toBe('logout');
  });

  it('ending the session of the cookie clears it, ending another leaves it', async () => {
    const [one, two] = [await signIn(), await signIn()];
    const token = one.body.data[fields.signIn].accessToken;
    const end = (ended: typeof one, options: object = {}) =>
      ask(
        `mutation ($id: ID!) { ${fields.endOne}(id: $id) }`,
        { id: sidOf(ended.body.data[fields.signIn]) },
        { token, cookie: `${name}=${one.value}`, ...options },
      );
    expect((await end(two)).set).toEqual([]);
    const { body, set } = await end(one);
    expect(body.data).toEqual({ [fields.endOne]: true });
    expect(set).toEqual([`${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict`]);
    const [three, four] = [await signIn(), await signIn()];
    const other = { token: three.body.data[fields.signIn].accessToken, cookie: `${name}=${four.value}` };
    expect((await end(three, other)).set).toEqual([]); // A tab that signed in later keeps its session.
    expect((await refresh({ cookie: `${name}=${four.value}` })).reason).toBeUndefined();
  });
});
