import { reasonsOf } from '@signet/testing';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addStaffMember, type TestAccount, testPassword } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import { createTestBrowser } from '../testing/browser.test-support.ts';
import { factorOperations } from '../testing/factors.test-support.ts';
import { holdChange } from '../testing/held-change.test-support.ts';
import { bothPlatforms, endReasons, sessionOperations } from '../testing/session-operations.test-support.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.stop());
beforeEach(() => {
  auth.clock.aheadSeconds = 0;
});

const authTimeOf = ({ accessToken }: Pick<Tokens, 'accessToken'>) =>
  decodeJwt(accessToken).auth_time as number;

describe.each(bothPlatforms)('$fields.reauthenticate', (kind) => {
  const { platform, other, fields, addAccount, addOther } = kind;
  let account: TestAccount;
  let current: Tokens;
  const { changePassword, endOthers, reauthenticate, refresh } = sessionOperations(() => auth, kind);
  const signIn = () => auth.signIn(fields.login, account);
  const prove = (
    input: object = { password: testPassword },
    token: string | undefined = current.accessToken,
  ) => reauthenticate({ ...input }, token);
  const provenTokens = async (input?: object): Promise<Tokens & { deviceToken: string }> =>
    (await prove(input)).body.data[fields.reauthenticate];
  const rowsOf = (kinds: string) =>
    auth.database.query(
      `select kind, session_id, details from auth.audit_event where subject_id = $1 and kind like $2 order by id`,
      [account.id, kinds],
    );

  beforeEach(async () => {
    account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
    // Signed in an hour ago.
    auth.clock.aheadSeconds = -3600;
    current = await signIn();
    auth.clock.aheadSeconds = 0;
    const { accessToken } = (await refresh(current.refreshToken)).body.data[fields.refresh];
    current = { ...current, accessToken };
  });

  it('gives the session a new auth_time, which a refresh keeps', async () => {
    const before = Math.floor(Date.now() / 1000);
    expect(authTimeOf(current)).toBeLessThan(before - 3500);
    const tokens = await provenTokens();
    expect(authTimeOf(tokens)).toBeGreaterThanOrEqual(before);
    const { sid, sub, amr } = decodeJwt(tokens.accessToken);
    expect({ sid, sub, amr }).toEqual({
      sid: decodeJwt(current.accessToken).sid,
      sub: account.id,
      amr: ['pwd'],
    });
    auth.clock.aheadSeconds = 120;
    const next = (await refresh(tokens.refreshToken)).body.data[fields.refresh];
    expect(authTimeOf(next)).toBe(authTimeOf(tokens));
    expect(await endReasons(auth, platform, account.id)).toEqual([null]);
  });

  it('leaves a copy of the refresh token worth nothing: it gets no recent sign-in', async () => {
    const { refreshToken } = await provenTokens();
    expect(reasonsOf(await refresh(current.refreshToken))).toEqual(['auth.failure.invalid_credentials']);
    expect(reasonsOf(await refresh(refreshToken))).toEqual([]);
  });

  it('gives no other session of the account a new auth_time', async () => {
    auth.clock.aheadSeconds = -3600;
    const second = await signIn();
    auth.clock.aheadSeconds = 0;
    await provenTokens();
    const refreshed = (await refresh(second.refreshToken)).body.data[fields.refresh];
    expect(authTimeOf(refreshed)).toBe(authTimeOf(second));
  });

  it('is in the audit log with the session, and so is a wrong password', async () => {
    await prove({ password: 'not the password at all' });
    await provenTokens();
    const session_id = decodeJwt(current.accessToken).sid;
    expect(await rowsOf('auth.reauthenticat%')).toEqual([
      { kind: 'auth.reauthentication_failure', session_id, details: {} },
      { kind: 'auth.reauthenticated', session_id, details: { methods: 'pwd' } },
    ]);
  });

  it.each([
    ['a wrong password', { password: 'eight red plums in a hat' }],
    ['an empty one', { password: '' }],
    ['none', {}],
    ['null', { password: null }],
    ['a megabyte', { password: 'x'.repeat(50_000) }],
  ])('refuses %s as input.password, and changes nothing', async (_title, input) => {
    const { body } = await prove(input);
    expect(body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', reason: 'input.password' });
    const refreshed = (await refresh(current.refreshToken)).body.data[fields.refresh];
    expect(authTimeOf(refreshed)).toBe(authTimeOf(current));
  });

  it('slows down guesses, together with those of a change of password', async () => {
    const wrong = 'not the password at all';
    for (let count = 0; count < 3; count++) await prove({ password: wrong });
    for (let count = 0; count < 2; count++) {
      await changePassword(
        { currentPassword: wrong, newPassword: 'seven blue pears in a boat' },
        current.accessToken,
      );
    }
    // The pause must not end early because the machine is busy.
    await auth.database.query(
      `update auth.${platform}_throttle set expire = $1 where key like 'change-pause:%'`,
      [Date.now() + 3_600_000],
    );
    const { body } = await prove();
    expect(body.errors?.[0]?.extensions).toMatchObject({
      reason: 'auth.throttled',
      retryAfterSeconds: expect.any(Number),
    });
  });

  it('must be signed in, on this platform, in a session that lives', async () => {
    expect(reasonsOf(await reauthenticate({ password: testPassword }))).toEqual([
      'auth.failure.missing_token',
    ]);
    const stranger = await addOther(auth.database, { tenantId: auth.tenants.demo });
    const tokens = await auth.signIn(other === 'user' ? 'login' : 'portalLogin', stranger);
    expect(reasonsOf(await prove(undefined, tokens.accessToken))).toEqual(['authz.platform.deny']);
    await endOthers((await signIn()).accessToken);
    expect(reasonsOf(await prove())).toEqual(['auth.failure.revoked']);
  });

  it('does not take the password of another account with the token of this one', async () => {
    const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
    const second = await addAccount(auth.database, { tenantId: auth.tenants.demo });
    const theirs = await auth.signIn(fields.login, second);
    const newPassword = 'seven blue pears in a boat';
    await changePassword({ currentPassword: testPassword, newPassword }, theirs.accessToken);
    expect(reasonsOf(await prove({ password: newPassword }))).toEqual(['input.password']);
    await auth.database.query(`update ${table} set is_active = false where id = $1`, [account.id]);
    expect(reasonsOf(await prove())).toEqual(['auth.failure.revoked']);
  });

  describe('of an account with a second factor', () => {
    const { addTotp, codeOf } = factorOperations(() => auth, platform);
    const password = testPassword;

    it('needs a code beside the password, and each code once', async () => {
      const { secret, tokens, recoveryCodes } = await addTotp(account);
      const token = tokens.accessToken;
      expect(reasonsOf(await prove({ password }, token))).toEqual(['input.totp']);
      expect(reasonsOf(await prove({ totp: codeOf(secret) }, token))).toEqual(['input.password']);
      const twice = { password, totp: codeOf(secret), recoveryCode: recoveryCodes[0] };
      expect(reasonsOf(await prove(twice, token))).toEqual(['input.totp']);
      const { body } = await prove({ password, totp: codeOf(secret) }, token);
      expect(decodeJwt(body.data[fields.reauthenticate].accessToken).amr).toEqual(['pwd', 'otp', 'mfa']);
      expect(reasonsOf(await prove({ password, totp: codeOf(secret) }, token))).toEqual(['input.totp']);
      const spare = { password, recoveryCode: recoveryCodes[1] };
      expect(reasonsOf(await prove(spare, token))).toEqual([]);
      expect(reasonsOf(await prove(spare, token))).toEqual(['input.recoveryCode']);
      expect((await rowsOf('auth.reauthentication_failure')).map(({ details }) => details)).toEqual([
        { reason: 'input.totp' },
        { reason: 'input.totp' },
        { reason: 'input.recoveryCode' },
      ]);
    });

    it('slows down guesses at the code', async () => {
      const { secret, tokens } = await addTotp(account);
      const guess = () => prove({ password, totp: '000000' }, tokens.accessToken);
      for (let count = 0; count < 5; count++) await guess();
      await auth.database.query(
        `update auth.${platform}_throttle set expire = $1 where key like 'factor-pause:%'`,
        [Date.now() + 3_600_000],
      );
      const right = await prove({ password, totp: codeOf(secret) }, tokens.accessToken);
      expect(reasonsOf(right)).toEqual(['auth.throttled']);
    });

    it('takes one of many equal codes at once', async () => {
      const { secret, tokens } = await addTotp(account);
      const proof = { password, totp: codeOf(secret) };
      const answers = await Promise.all(Array.from({ length: 8 }, () => prove(proof, tokens.accessToken)));
      expect(answers.filter((answer) => reasonsOf(answer).length === 0)).toHaveLength(1);
    });
  });

  it('refuses what was compared with a password that the same session has changed meanwhile', async () => {
    const [table, column] = platform === 'user' ? ['auth.user', 'user_id'] : ['auth.portal_user', 'staff_id'];
    const commit = await holdChange(
      auth.database,
      `with own as (
         update auth.${platform}_session set password_version = password_version + 1 where ${column} = '${account.id}'
       ) update ${table} set password_version = password_version + 1 where id = '${account.id}'`,
    );
    const proving = prove();
    await commit();
    expect(reasonsOf(await proving)).toEqual(['input.password']);
  });

  it('succeeds each time when one session proves it many times at once; the last tokens are good', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => prove()));
    expect(answers.flatMap(reasonsOf).filter((reason) => reason !== 'auth.throttled')).toEqual([]);
    const given = answers.flatMap(({ body }) => body.data?.[fields.reauthenticate]?.refreshToken ?? []);
    expect(given.length).toBeGreaterThan(0);
    const refreshed = await Promise.all(given.map(refresh));
    expect(refreshed.filter((answer) => reasonsOf(answer).length === 0)).toHaveLength(1);
  });

  it('puts the new refresh token into the cookie where one carries it, and never into the answer', async () => {
    const browser = createTestBrowser(
      () => auth,
      () => account,
      platform,
    );
    const signedIn = await browser.signIn();
    const token = signedIn.body.data[fields.login].accessToken;
    expect(reasonsOf(await prove(undefined, token))).toEqual(['input.session']);
    const proven = await browser.ask(
      `mutation { ${fields.reauthenticate}(input: { password: "${testPassword}" }) { refreshToken deviceToken } }`,
      {},
      { token, cookie: `${browser.name}=${signedIn.value}` },
    );
    expect(proven.body.data[fields.reauthenticate]).toEqual({ refreshToken: null, deviceToken: null });
    expect(proven.value).toMatch(/^[\w-]{43}$/);
    const refreshed = await browser.refresh({ cookie: `${browser.name}=${proven.value}` });
    expect(authTimeOf(refreshed.body.data[fields.refresh])).toBeGreaterThan(
      Math.floor(Date.now() / 1000) - 60,
    );
  });
});

describe('a rule @recentAuth in the subgraph', () => {
  const roleOf = async ({ id }: TestAccount) =>
    (await auth.database.query('select role from auth.portal_user where id = $1', [id]))[0].role;
  const promote = ({ id }: TestAccount, token: string) =>
    auth.ask(
      'mutation ($id: ID!) { changeStaffRole(id: $id, role: operations) { role } }',
      { id },
      { token },
    );

  it('refuses a token of a sign-in that was too long ago, and lets it pass after reauthenticate', async () => {
    const { tenants, database } = auth;
    const admin = await addStaffMember(database, { tenantId: tenants.demo, role: 'super_admin' });
    const member = await addStaffMember(database, { tenantId: tenants.demo });
    auth.clock.aheadSeconds = -340;
    const old = await auth.signIn('portalLogin', admin);
    auth.clock.aheadSeconds = 0;
    const refused = await promote(member, old.accessToken);
    expect(refused.status).toBe(200);
    expect(refused.body.errors).toMatchObject([
      {
        path: ['changeStaffRole'],
        extensions: { code: 'FORBIDDEN', reason: 'authz.step_up.required', stepUp: { maxAge: 300 } },
      },
    ]);
    expect(await roleOf(member)).toBe('support');
    const proven = await auth.ask(
      'mutation ($input: ReauthenticateInput!) { portalReauthenticate(input: $input) { accessToken } }',
      { input: { password: testPassword } },
      { token: old.accessToken },
    );
    const { accessToken } = proven.body.data.portalReauthenticate;
    expect(reasonsOf(await promote(member, accessToken))).toEqual([]);
    expect(await roleOf(member)).toBe('operations');
  });

  it('says first what no sign-in changes', async () => {
    const support = await addStaffMember(auth.database, { tenantId: auth.tenants.demo });
    auth.clock.aheadSeconds = -340;
    const { accessToken } = await auth.signIn('portalLogin', support);
    expect(reasonsOf(await promote(support, accessToken))).toEqual(['authz.scope.deny']);
  });
});
