import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';

/** The same guarantees hold on both platforms. */
describe.each([
  { field: 'logout', signInField: 'login', platform: 'user', other: 'portal' },
  { field: 'portalLogout', signInField: 'portalLogin', platform: 'portal', other: 'user' },
] as const)('$field', ({ field, signInField, platform, other }) => {
  const addAccount = platform === 'user' ? addCustomer : addStaffMember;
  let auth: TestAuth;
  let account: TestAccount;
  beforeAll(async () => {
    auth = await startTestAuth();
    account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
  });
  afterAll(() => auth.stop());

  const operation = `mutation ($input: LogoutInput) { ${field}(input: $input) }`;
  const logout = (token?: string, refreshToken?: string) =>
    auth.ask(operation, refreshToken ? { input: { refreshToken } } : {}, token ? { token } : {});
  const endOf = async (accessToken: string) => {
    const sql = `select end_reason from auth.${platform}_session where id = $1`;
    return (await auth.database.query(sql, [decodeJwt(accessToken).sid]))[0].end_reason;
  };

  it('ends the session of the access token, and no other', async () => {
    const [one, two] = [await auth.signIn(signInField, account), await auth.signIn(signInField, account)];
    expect((await logout(one.accessToken)).body).toEqual({ data: { [field]: true } });
    expect([await endOf(one.accessToken), await endOf(two.accessToken)]).toEqual(['logout', null]);
  });

  it('ends the session of a refresh token, without an access token too', async () => {
    const { accessToken, refreshToken } = await auth.signIn(signInField, account);
    expect((await logout(undefined, refreshToken)).body).toEqual({ data: { [field]: true } });
    expect(await endOf(accessToken)).toBe('logout');
  });

  it('ends the session of the refresh token rather than that of the access token', async () => {
    const [one, two] = [await auth.signIn(signInField, account), await auth.signIn(signInField, account)];
    await logout(one.accessToken, two.refreshToken);
    expect([await endOf(one.accessToken), await endOf(two.accessToken)]).toEqual([null, 'logout']);
  });

  it('is true a second time', async () => {
    const { accessToken } = await auth.signIn(signInField, account);
    await logout(accessToken);
    expect((await logout(accessToken)).body).toEqual({ data: { [field]: true } });
  });

  it('asks for a token where there is none', async () => {
    const { body } = await logout();
    expect(body.errors?.[0]?.extensions).toEqual({
      code: 'UNAUTHENTICATED',
      reason: 'auth.failure.missing_token',
    });
  });

  it('refuses a text that is no refresh token', async () => {
    const { body } = await logout(undefined, 'x'.repeat(43));
    expect(body.errors?.[0]?.extensions.reason).toBe('auth.failure.invalid_credentials');
  });

  it('refuses a token of the other platform', async () => {
    const addOther = other === 'user' ? addCustomer : addStaffMember;
    const stranger = await addOther(auth.database, { tenantId: auth.tenants.demo });
    const { accessToken } = await auth.signIn(other === 'user' ? 'login' : 'portalLogin', stranger);
    const { body } = await logout(accessToken);
    expect(body.errors?.[0]).toMatchObject({
      message: `This field requires a '${platform}' token. Received a '${other}' token.`,
      extensions: { code: 'FORBIDDEN', reason: 'authz.platform.deny' },
    });
  });

  it("does not end another tenant's session", async () => {
    const stranger = await addAccount(auth.database, { tenantId: auth.tenants.globex });
    const { accessToken, refreshToken } = await auth.signIn(signInField, stranger, { tenant: 'globex' });
    const { body } = await logout(undefined, refreshToken);
    expect(body.errors?.[0]?.extensions.reason).toBe('auth.failure.invalid_credentials');
    expect(await endOf(accessToken)).toBeNull();
  });
});
