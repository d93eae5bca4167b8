import { reasonsOf } from '@signet/testing';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TestAccount, testPassword } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import {
  bothPlatforms,
  endReasons,
  sessionOperations,
  trySignIn,
} from '../testing/session-operations.test-support.ts';

const newPassword = 'seven blue pears in a boat';

// Hashing a new password has its real cost here: slow where others use the processors too.
describe.each(bothPlatforms)('$fields.changePassword', { timeout: 60_000 }, (kind) => {
  const { platform, other, fields, addAccount, addOther } = kind;
  const accountTable = platform === 'user' ? 'auth.user' : 'auth.portal_user';
  let auth: TestAuth;
  let account: TestAccount;
  let current: Tokens;
  beforeAll(async () => {
    auth = await startTestAuth();
  });
  afterAll(() => auth.stop());
  beforeEach(async () => {
    account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
    current = await signIn();
  });

  const { changePassword, endOthers, refresh } = sessionOperations(() => auth, kind);
  const signIn = () => auth.signIn(fields.login, account);
  const trySignInWith = (password: string) => trySignIn(auth, fields.login, { ...account, password });
  const ends = () => endReasons(auth, platform, account.id);
  const stored = async () =>
    (
      await auth.database.query(
        `select password_hash as hash, password_version as version from ${accountTable} where id = $1`,
        [account.id],
      )
    )[0];
  const change = (input: object = {}, token: string | undefined = current.accessToken) =>
    changePassword({ currentPassword: testPassword, newPassword, ...input }, token);

  it('lets the new password in and the old one no longer', async () => {
    expect((await change()).body).toEqual({ data: { [fields.changePassword]: 0 } });
    expect(await trySignInWith(newPassword)).toHaveProperty('accessToken');
    expect(await trySignInWith(testPassword)).toBeUndefined();
    expect(await stored()).toMatchObject({ version: 2, hash: expect.stringMatching(/^\$2[aby]\$12\$/) });
  });

  it('ends the others and says how many; this session goes on, with its tokens', async () => {
    const others = [await signIn(), await signIn()];
    expect((await change()).body.data).toEqual({ [fields.changePassword]: 2 });
    expect(await ends()).toEqual([null, 'password', 'password']);
    for (const { refreshToken } of others) {
      expect(reasonsOf(await refresh(refreshToken))).toEqual(['auth.failure.revoked']);
    }
    const { body } = await refresh(current.refreshToken);
    expect(decodeJwt(body.data[fields.refresh].accessToken).sid).toBe(decodeJwt(current.accessToken).sid);
    expect(reasonsOf(await endOthers(current.accessToken))).toEqual([]);
  });

  it('touches no other account', async () => {
    const stranger = await addAccount(auth.database, { tenantId: auth.tenants.demo });
    const foreigner = await addAccount(auth.database, {
      tenantId: auth.tenants.globex,
      email: account.email,
    });
    await auth.signIn(fields.login, stranger);
    await auth.signIn(fields.login, foreigner, { tenant: 'globex' });
    await change();
    for (const { id } of [stranger, foreigner]) {
      expect(await endReasons(auth, platform, id)).toEqual([null]);
    }
    expect(await auth.signIn(fields.login, foreigner, { tenant: 'globex' })).toHaveProperty('accessToken');
  });

  it.each([
    ['currentPassword', 'a wrong one', { currentPassword: 'eight red plums in a hat' }],
    ['currentPassword', 'none', { currentPassword: '' }],
    ['currentPassword', 'a megabyte', { currentPassword: 'x'.repeat(50_000) }],
    ['newPassword', 'a short one', { newPassword: 'too short' }],
    ['newPassword', 'a long one', { newPassword: 'x1y'.repeat(50) }],
    ['newPassword', 'a common one', { newPassword: 'Password1234' }],
    ['newPassword', 'one with a NUL', { newPassword: 'with a NUL in it\0' }],
    ['newPassword', 'the current one', { newPassword: testPassword }],
  ])('refuses as %s %s, and changes nothing', async (field, _title, input) => {
    const other = await signIn();
    const { body } = await change(input);
    expect(body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', reason: `input.${field}` });
    expect(JSON.stringify(body)).not.toContain(testPassword);
    expect(await stored()).toMatchObject({ version: 1 });
    expect(reasonsOf(await refresh(other.refreshToken))).toEqual([]);
  });

  it('refuses the account’s e-mail as its password', async () => {
    expect(reasonsOf(await change({ newPassword: account.email.toUpperCase() }))).toEqual([
      'input.newPassword',
    ]);
  });

  it('does not tell whether the current password is right where the new one would be refused', async () => {
    const answers = [
      await change({ newPassword: 'short' }),
      await change({ newPassword: 'short', currentPassword: 'x' }),
    ];
    expect(answers[0]?.body).toEqual(answers[1]?.body);
  });

  it('must be signed in, on this platform, in a session that lives', async () => {
    const input = { currentPassword: testPassword, newPassword };
    expect(reasonsOf(await changePassword(input))).toEqual(['auth.failure.missing_token']);
    const stranger = await addOther(auth.database, { tenantId: auth.tenants.demo });
    const tokens = await auth.signIn(other === 'user' ? 'login' : 'portalLogin', stranger);
    expect(reasonsOf(await change({}, tokens.accessToken))).toEqual(['authz.platform.deny']);
    const later = await signIn();
    await endOthers(later.accessToken);
    expect(reasonsOf(await change())).toEqual(['auth.failure.revoked']);
    await auth.database.query(`update ${accountTable} set is_active = false where id = $1`, [account.id]);
    expect(reasonsOf(await change({}, later.accessToken))).toEqual(['auth.failure.revoked']);
    expect(await stored()).toMatchObject({ version: 1 });
  });

  it('succeeds once when one session changes it twice at once', async () => {
    const answers = await Promise.all([change(), change({ newPassword: 'nine white nuts in a box' })]);
    expect(answers.flatMap(reasonsOf)).toEqual(['input.currentPassword']);
    expect(await stored()).toMatchObject({ version: 2 });
    expect(reasonsOf(await refresh(current.refreshToken))).toEqual([]);
  });

  it('succeeds once when two sessions change it at once; the other one ends', async () => {
    const second = await signIn();
    const answers = await Promise.all([change(), change({}, second.accessToken)]);
    expect(answers.flatMap(reasonsOf)).toEqual(['auth.failure.revoked']);
    expect((await ends()).sort()).toEqual([null, 'password'].sort());
  });

  it('leaves only its own session, however often all refresh meanwhile', async () => {
    const thief = await signIn();
    let isDone = false;
    async function refreshMeanwhile({ refreshToken }: Tokens) {
      for (;;) {
        const answer = await refresh(refreshToken);
        if (!answer.body.data) return reasonsOf(answer);
        ({ refreshToken } = answer.body.data[fields.refresh]);
        if (isDone) return reasonsOf(await refresh(refreshToken));
      }
    }
    const refreshing = [refreshMeanwhile(current), refreshMeanwhile(thief)];
    await change();
    isDone = true;
    expect(await Promise.all(refreshing)).toEqual([[], ['auth.failure.revoked']]);
    expect(await ends()).toEqual([null, 'password']);
  });

  it('leaves no session of the old password, however many sign in with it meanwhile', async () => {
    const signingIn = Array.from({ length: 8 }, async (_value, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 60));
      return trySignInWith(testPassword);
    });
    await change();
    await Promise.all(signingIn);
    expect((await ends()).filter((end) => end === null)).toHaveLength(1);
  });
});
