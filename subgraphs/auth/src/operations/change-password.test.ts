import { setTimeout as sleep } from 'node:timers/promises';
import { reasonsOf } from '@signet/testing';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TestAccount, testPassword } from '../testing/accounts.test-support.ts';
import { signInOperation, startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import {
  bothPlatforms,
  endReasons,
  sessionOperations,
  trySignIn,
} from '../testing/session-operations.test-support.ts';

const newPassword = 'seven blue pears in a boat';

describe.each(bothPlatforms)('$fields.changePassword', (kind) => {
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
    auth.clock.aheadSeconds = 0;
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
    expect((await change()).body.data[fields.changePassword]).toMatchObject({ endedSessions: 0 });
    expect(await trySignInWith(newPassword)).toHaveProperty('accessToken');
    expect(await trySignInWith(testPassword)).toBeUndefined();
    expect(await stored()).toMatchObject({ version: 2, hash: expect.stringMatching(/^\$2[aby]\$/) });
  });

  it('stores a bcrypt hash of cost 12', async () => {
    const cheap = auth;
    auth = await startTestAuth({}, { passwordCost: undefined });
    try {
      account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
      current = await signIn();
      expect(reasonsOf(await change())).toEqual([]);
      expect(await stored()).toMatchObject({ hash: expect.stringMatching(/^\$2[aby]\$12\$/) });
    } finally {
      await auth.stop();
      auth = cheap;
    }
  });

  it('counts a wrong current password that the audit log could not take', async () => {
    const insert = `insert (kind) on auth.audit_event`;
    await auth.database.query(`revoke ${insert} from signet_auth_${platform}`);
    try {
      for (let count = 0; count < 5; count++) await change({ currentPassword: 'not the password at all' });
    } finally {
      await auth.database.query(`grant ${insert} to signet_auth_${platform}`);
    }
    // The pause must not end early because the machine is busy.
    await auth.database.query(
      `update auth.${platform}_throttle set expire = $1 where key like 'change-pause:%'`,
      [Date.now() + 3_600_000],
    );
    expect(reasonsOf(await change())).toEqual(['auth.throttled']);
  });

  it('ends the others and says how many; this session goes on, with new tokens', async () => {
    const others = [await signIn(), await signIn()];
    const { endedSessions, tokens } = (await change()).body.data[fields.changePassword];
    expect(endedSessions).toBe(2);
    expect(await ends()).toEqual([null, 'password', 'password']);
    for (const { refreshToken } of others) {
      expect(reasonsOf(await refresh(refreshToken))).toEqual(['auth.failure.revoked']);
    }
    const { sid } = decodeJwt(current.accessToken);
    const { body } = await refresh(tokens.refreshToken);
    const next = body.data[fields.refresh].accessToken;
    for (const token of [tokens.accessToken, next]) expect(decodeJwt(token).sid).toBe(sid);
    for (const token of [current.accessToken, tokens.accessToken, next]) {
      expect(reasonsOf(await endOthers(token))).toEqual([]);
    }
  });

  it('leaves a copied refresh token worth nothing, and one that was used before; the session goes on', async () => {
    const { body } = await refresh(current.refreshToken);
    const copied = body.data[fields.refresh].refreshToken;
    const { tokens } = (await change()).body.data[fields.changePassword];
    for (const token of [copied, current.refreshToken]) {
      expect(reasonsOf(await refresh(token))).toEqual(['auth.failure.invalid_credentials']);
    }
    expect(await ends()).toEqual([null]);
    expect(reasonsOf(await refresh(tokens.refreshToken))).toEqual([]);
    const rows = await auth.database.query(
      `select from auth.${platform}_refresh_token where session_id = $1`,
      [decodeJwt(current.accessToken).sid],
    );
    expect(rows).toHaveLength(2);
  });

  it('sets the new cookie where a cookie carries the refresh token, and refuses to put the token into the answer', async () => {
    const name = `__Host-signet-${platform}-refresh`;
    const ask = async (
      query: string,
      variables: object,
      sender: { cookie?: string; token?: string } = {},
    ) => {
      const context = { origin: 'https://shop.example', session: 'cookie' };
      const answer = await auth.gateway.post(
        `${auth.url}/graphql`,
        { query, variables: { ...variables } },
        { ...sender, context },
      );
      const [set = ''] = answer.headers.getSetCookie();
      return { ...answer, cookie: set.split(';')[0] ?? '' };
    };
    const { email, password } = account;
    const signedIn = await ask(signInOperation(fields.login), { input: { email, password } });
    const token = signedIn.body.data[fields.login].accessToken;
    expect(reasonsOf(await change({}, token))).toEqual(['input.session']);
    expect(await stored()).toMatchObject({ version: 1 });
    const input = { currentPassword: testPassword, newPassword };
    const changed = await ask(
      `mutation ($input: ChangePasswordInput!) { ${fields.changePassword}(input: $input) { tokens { refreshToken } } }`,
      { input },
      { token, cookie: signedIn.cookie },
    );
    expect(changed.body.data[fields.changePassword]).toEqual({ tokens: { refreshToken: null } });
    expect(changed.cookie).toMatch(new RegExp(`^${name}=[\\w-]{43}$`));
    const refreshing = (cookie: string) =>
      ask(`mutation { ${fields.refresh} { accessToken } }`, {}, { cookie });
    expect(reasonsOf(await refreshing(changed.cookie))).toEqual([]);
    // A tab that had sent the old cookie must not delete the new one.
    const late = await refreshing(signedIn.cookie);
    expect([reasonsOf(late), late.cookie]).toEqual([['auth.failure.invalid_credentials'], '']);
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
    const changed = answers.find(({ body }) => body.data);
    expect(reasonsOf(await refresh(changed?.body.data[fields.changePassword].tokens.refreshToken))).toEqual(
      [],
    );
  });

  it('succeeds once when two sessions change it at once; the other one ends', async () => {
    const second = await signIn();
    const answers = await Promise.all([change(), change({}, second.accessToken)]);
    expect(answers.flatMap(reasonsOf)).toEqual(['auth.failure.revoked']);
    expect((await ends()).sort()).toEqual([null, 'password'].sort());
  });

  it('tells a session that the change of another one has just ended that it ended, not that the password is wrong', async () => {
    const second = await signIn();
    expect(reasonsOf(await change())).toEqual([]);
    // Its access token is not known as revoked yet where the change is this fresh.
    expect(reasonsOf(await change({}, second.accessToken))).toEqual(['auth.failure.revoked']);
  });

  it('leaves only its own session, with its new token, however often all refresh meanwhile', async () => {
    const thief = await signIn();
    let isDone = false;
    /** Until it is refused; its last token is tried once more after the change. */
    async function refreshMeanwhile({ refreshToken }: Tokens) {
      for (;;) {
        const isLast = isDone;
        const answer = await refresh(refreshToken);
        if (!answer.body.data || isLast) return reasonsOf(answer);
        ({ refreshToken } = answer.body.data[fields.refresh]);
        auth.clock.aheadSeconds += 61; // So that each refresh is an exchange.
        await sleep(100); // And the session does not expire meanwhile.
      }
    }
    const refreshing = [refreshMeanwhile(current), refreshMeanwhile(thief)];
    const changed = await change();
    isDone = true;
    expect(await Promise.all(refreshing)).toEqual([
      ['auth.failure.invalid_credentials'],
      ['auth.failure.revoked'],
    ]);
    expect(await ends()).toEqual([null, 'password']);
    const { tokens } = changed.body.data[fields.changePassword];
    expect(reasonsOf(await refresh(tokens.refreshToken))).toEqual([]);
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
