import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOperations, expectOneWinner } from '../testing/account-operations.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';
import {
  bothPlatforms,
  endReasons,
  sessionOperations,
  trySignIn,
} from '../testing/session-operations.test-support.ts';

const newPassword = 'twelve blue plums in a boat';

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth({ ...mailSettings, THROTTLE_MAILS: '3' });
});
afterAll(() => auth.stop());

describe.each(bothPlatforms)('$platform: an address', ({ platform, other, fields, addAccount }) => {
  const { requestVerification, verify, requestReset, tokenTo } = accountOperations(() => auth, platform);
  const { refresh } = sessionOperations(() => auth, { fields });
  const add = (more: object = {}) => addAccount(auth.database, { tenantId: auth.tenants.demo, ...more });
  const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
  const rowOf = async (id: string) =>
    (await auth.database.query(`select * from ${table} where id = $1`, [id]))[0];
  /** An account with a session, and the token of a mail that verifies its address. */
  const ask = async () => {
    const account = await add();
    const tokens = await auth.signIn(fields.login, account);
    expect(await requestVerification({ token: tokens.accessToken })).toEqual({ data: true });
    return { account, tokens, token: await tokenTo(account.email, 'verify-email') };
  };

  it('is verified in a session of the account, and the next access token says so', async () => {
    const { account, tokens, token } = await ask();
    expect(decodeJwt(tokens.accessToken)).toMatchObject({ email_verified: false });
    expect(await verify({ token }, { token: tokens.accessToken })).toEqual({
      data: { verified: true, next: 'NONE', tokens: null },
    });
    const { body } = await refresh(tokens.refreshToken);
    expect(decodeJwt(body.data[fields.refresh].accessToken)).toMatchObject({ email_verified: true });
    expect(await trySignIn(auth, fields.login, account)).toBeDefined();
    expect(await requestVerification({ token: tokens.accessToken })).toEqual({ data: false });
    expect(await readMails(auth, platform, account.email)).toHaveLength(1);
  });

  it('is verified elsewhere with the password of the account, which keeps its sessions', async () => {
    const { account, token } = await ask();
    expect(await verify({ token, password: account.password })).toEqual({
      data: { verified: true, next: 'SIGN_IN', tokens: null },
    });
    expect(await endReasons(auth, platform, account.id)).toEqual([null]);
    expect((await rowOf(account.id)).email_verified).toBe(true);
  });

  it('is not verified by the link alone: its reader is asked for the password, and the link stays good', async () => {
    const { account, token } = await ask();
    const before = await rowOf(account.id);
    const waits = { data: { verified: false, next: 'GIVE_PASSWORD', tokens: null } };
    expect(await verify({ token })).toEqual(waits);
    const stranger = await auth.signIn(fields.login, await add());
    expect(await verify({ token }, { token: stranger.accessToken })).toEqual(waits);
    expect(await verify({ token, password: 'a wrong password' })).toEqual({ reason: 'input.password' });
    expect(await rowOf(account.id)).toEqual(before);
    expect(await verify({ token, password: account.password })).toMatchObject({ data: { verified: true } });
  });

  it('takes the account from whoever made it, where its reader does not know the password: nothing of theirs works', async () => {
    const { account, tokens, token } = await ask();
    await requestReset({ email: account.email });
    const resetToken = await tokenTo(account.email, 'reset-password');
    expect(await verify({ token, newPassword })).toEqual({
      data: { verified: true, next: 'SIGN_IN', tokens: null },
    });
    expect(await trySignIn(auth, fields.login, account)).toBeUndefined();
    const { body } = await refresh(tokens.refreshToken);
    expect(body.errors?.[0]?.extensions.reason).toBe('auth.failure.revoked');
    expect(await accountOperations(() => auth, platform).reset({ token: resetToken, newPassword })).toEqual({
      reason: 'input.token',
    });
    const owner = { ...account, password: newPassword };
    expect(await trySignIn(auth, fields.login, owner)).toBeDefined();
    const row = await rowOf(account.id);
    expect([row.email_verified, row.password_version, row.device_version]).toEqual([true, 2, 2]);
    expect((await readMails(auth, platform, account.email)).at(-1)?.template).toBe('password-changed');
  });

  it('is verified once by a link: of 200 uses at once exactly one succeeds', async () => {
    const { tokens, token } = await ask();
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => verify({ token }, { token: tokens.accessToken })),
    );
    expectOneWinner(answers);
  });

  it.each([
    [
      'of the other platform',
      (token: string) => accountOperations(() => auth, other).verify({ token, newPassword }),
    ],
    ['in another tenant', (token: string) => verify({ token, newPassword }, { tenant: 'globex' })],
    ['cut off', (token: string) => verify({ token: token.slice(1), newPassword })],
    ['of 10 KB', (token: string) => verify({ token: token.repeat(250), newPassword })],
  ])('is not verified by a link %s', async (_name, use) => {
    const { account, token } = await ask();
    const before = await rowOf(account.id);
    expect(await use(token)).toEqual({ reason: 'input.token' });
    expect(await rowOf(account.id)).toEqual(before);
  });

  it('is not verified by a link that expired, that a later one replaced, or whose session has ended', async () => {
    const { account, tokens, token } = await ask();
    expect(await requestVerification({ token: tokens.accessToken })).toEqual({ data: true });
    const later = await tokenTo(account.email, 'verify-email');
    expect(await verify({ token, newPassword })).toEqual({ reason: 'input.token' });
    await auth.database.query(`update auth.${platform}_session set ended_at = now(), end_reason = 'ended'`);
    expect(await verify({ token: later }, { token: tokens.accessToken })).toEqual({
      reason: 'auth.failure.revoked',
    });
    auth.clock.aheadSeconds = 3 * 24 * 3600 + 1;
    try {
      expect(await verify({ token: later, newPassword })).toEqual({ reason: 'input.token' });
    } finally {
      auth.clock.aheadSeconds = 0;
    }
    expect((await rowOf(account.id)).email_verified).toBe(false);
  });

  it('gets a few mails, then its owner waits', async () => {
    const { accessToken: token } = await auth.signIn(fields.login, await add());
    const asked = [];
    for (let count = 0; count < 6; count++) asked.push((await requestVerification({ token })).reason);
    expect(asked.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    expect(asked).toContain('auth.throttled');
  });

  it('is asked for by its owner only, and not with a password and a new one', async () => {
    expect(await requestVerification({})).toEqual({ reason: 'auth.failure.missing_token' });
    const { account, token } = await ask();
    expect(await verify({ token, password: account.password, newPassword })).toEqual({
      reason: 'input.newPassword',
    });
    expect(await verify({ token, newPassword: 'short' })).toEqual({ reason: 'input.newPassword' });
  });
});

describe('a token of an account that nobody has verified', () => {
  const claimsOf = async (running: TestAuth) => {
    const { addCustomer } = await import('../testing/accounts.test-support.ts');
    const account = await addCustomer(running.database, { tenantId: running.tenants.demo });
    return decodeJwt((await running.signIn('login', account)).accessToken);
  };

  it('says that verification is waived where the tenant waives it, and nothing else does', async () => {
    expect((await claimsOf(auth)).verification).toBeUndefined();
    await auth.database.query(`update auth.tenant set unverified_may_act = true where slug = 'demo'`);
    try {
      expect(await claimsOf(auth)).toMatchObject({ email_verified: false, verification: 'waived' });
    } finally {
      await auth.database.query(`update auth.tenant set unverified_may_act = false`);
    }
  });

  it('says so where no mail is configured: nobody could verify', async () => {
    const plain = await startTestAuth();
    try {
      expect(await claimsOf(plain)).toMatchObject({ email_verified: false, verification: 'waived' });
    } finally {
      await plain.stop();
    }
  });
});
