import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addCustomer,
  addStaffMember,
  type TestAccount,
  testPassword,
  testPasswordCost,
} from '../testing/accounts.test-support.ts';
import { signInOperation, startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { holdChange } from '../testing/held-change.test-support.ts';

/** The same guarantees hold on both platforms. */
describe.each([
  { field: 'login', platform: 'user', addAccount: addCustomer, addOther: addStaffMember },
  { field: 'portalLogin', platform: 'portal', addAccount: addStaffMember, addOther: addCustomer },
] as const)('$field', ({ field, platform, addAccount, addOther }) => {
  let auth: TestAuth;
  let account: TestAccount;
  beforeAll(async () => {
    auth = await startTestAuth();
    account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
  });
  afterAll(() => auth.stop());
  const tryCredentials = (email: string, password: string) =>
    auth.ask(signInOperation(field), { input: { email, password } });
  const refusal = [
    {
      message: 'The credentials are not valid.',
      path: [field],
      locations: expect.anything(),
      extensions: { code: 'UNAUTHENTICATED', reason: 'auth.failure.invalid_credentials' },
    },
  ];

  it('gives tokens for the right password', async () => {
    const { status, body } = await tryCredentials(account.email, account.password);
    expect(status).toBe(200);
    expect(body.errors).toBeUndefined();
    expect(body.data[field]).toEqual({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refreshToken: expect.stringMatching(/^[\w-]{43}$/),
      expiresIn: platform === 'user' ? 900 : 600,
    });
  });

  it('finds the account by any spelling of its e-mail', async () => {
    const { body } = await tryCredentials(` ${account.email.toUpperCase()} `, account.password);
    expect(body.data[field].expiresIn).toBeGreaterThan(0);
  });

  it('finds the account by its domain in letters and in ASCII, which are one', async () => {
    const { id, password } = await addAccount(auth.database, {
      tenantId: auth.tenants.demo,
      email: 'user1@xn--bcher-kva.example',
    });
    for (const email of [
      'user1@bücher.example',
      'User1@BU\u0308CHER.example',
      'user1@XN--BCHER-KVA.example',
    ]) {
      const { body } = await tryCredentials(email, password);
      expect(decodeJwt(body.data[field].accessToken)).toMatchObject({
        sub: id,
        email: 'user1@xn--bcher-kva.example',
      });
    }
  });

  it('finds each of two accounts that became one address by the spelling that it was made with', async () => {
    const emails = ['user2@xn--bcher-kva.example', 'user2@bücher.example'];
    for (const email of emails) {
      const { id, password } = await addAccount(auth.database, { tenantId: auth.tenants.demo, email });
      const { body } = await tryCredentials(email, password);
      expect(decodeJwt(body.data[field].accessToken).sub).toBe(id);
    }
  });

  it('records device and address of the client', async () => {
    const { email, password } = await addAccount(auth.database, { tenantId: auth.tenants.demo });
    const input = { input: { email, password } };
    await auth.ask(signInOperation(field), input, { device: 'Browser/1.0', address: '2001:db8::1' });
    const rows = await auth.database.query(
      `select device, address from auth.${platform}_session where device <> '' order by created_at desc limit 1`,
    );
    expect(rows).toEqual([{ device: 'Browser/1.0', address: '2001:db8::1' }]);
  });

  it('stores only the hash of a refresh token', async () => {
    const { refreshToken } = await auth.signIn(field, account);
    const rows = await auth.database.query(
      `select row_to_json(t)::text as row from auth.${platform}_refresh_token t`,
    );
    const hex = Buffer.from(refreshToken, 'base64url').toString('hex');
    expect(JSON.stringify(rows)).not.toContain(refreshToken);
    expect(JSON.stringify(rows)).not.toContain(hex);
  });

  it.each([
    ['a wrong password', () => [account.email, `${testPassword}!`]],
    ['an unknown account', () => ['nobody@example.com', testPassword]],
    ['an empty password', () => [account.email, '']],
    ['a password of 100 KB', () => [account.email, 'x'.repeat(100_000)]],
    ['a password with NUL', () => [account.email, `${testPassword}\0`]],
    ['a text that is no e-mail', () => ['nobody', testPassword]],
    ['an e-mail with NUL', () => [`${account.email}\0`, testPassword]],
    ['an e-mail of 10 KB', () => [`${'x'.repeat(10_000)}@example.com`, testPassword]],
  ] as [string, () => [string, string]][])(
    'answers %s alike, after one compare',
    async (_name, credentials) => {
      const [email, password] = credentials();
      auth.compares.length = 0;
      const { status, body } = await tryCredentials(email, password);
      expect(status).toBe(200);
      expect(body).toEqual({ data: null, errors: refusal });
      expect(auth.compares).toEqual([{ platform, cost: testPasswordCost }]);
    },
  );

  it('answers an inactive account alike, after one compare', async () => {
    const inactive = await addAccount(auth.database, { tenantId: auth.tenants.demo, isActive: false });
    auth.compares.length = 0;
    const { body } = await tryCredentials(inactive.email, inactive.password);
    expect(body).toEqual({ data: null, errors: refusal });
    expect(auth.compares).toEqual([{ platform, cost: testPasswordCost }]);
  });

  it("does not know the other platform's accounts", async () => {
    const other = await addOther(auth.database, { tenantId: auth.tenants.demo });
    const { body } = await tryCredentials(other.email, other.password);
    expect(body).toEqual({ data: null, errors: refusal });
  });

  it("does not know another tenant's accounts, until the request names that tenant", async () => {
    const other = await addAccount(auth.database, { tenantId: auth.tenants.globex });
    const { body } = await tryCredentials(other.email, other.password);
    expect(body).toEqual({ data: null, errors: refusal });
    expect(await auth.signIn(field, other, { tenant: 'globex' })).toMatchObject({
      expiresIn: expect.any(Number),
    });
  });

  it.each([
    ['suspended', 'is_active = false'],
    ['given another password', 'password_version = password_version + 1'],
  ])('refuses an account that is %s while its password is compared', async (_name, change) => {
    const racer = await addAccount(auth.database, { tenantId: auth.tenants.demo });
    const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
    const commitWhenAwaited = await holdChange(
      auth.database,
      `update ${table} set ${change} where id = '${racer.id}'`,
    );
    const [{ body }] = await Promise.all([tryCredentials(racer.email, racer.password), commitWhenAwaited()]);
    expect(body).toEqual({ data: null, errors: refusal });
    const accountId = platform === 'user' ? 'user_id' : 'staff_id';
    const sql = `select id from auth.${platform}_session where ${accountId} = $1`;
    expect(await auth.database.query(sql, [racer.id])).toEqual([]);
  });

  it('refuses a tenant that does not exist', async () => {
    const input = { input: { email: account.email, password: account.password } };
    const { status, body } = await auth.ask(signInOperation(field), input, { tenant: 'nowhere' });
    expect(status).toBe(400);
    expect(body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', reason: 'input.tenant' });
  });

  it('never shows a password in the error about a malformed variable', async () => {
    const { body } = await auth.ask(signInOperation(field), {
      input: { email: account.email, password: ['hunter2'] },
    });
    expect(body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(JSON.stringify(body)).not.toContain('hunter2');
  });
});
