import { createPepper } from '@signet/db/password-hash';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOperations, expectOneWinner } from '../testing/account-operations.test-support.ts';
import { type TestAccount, testPepper } from '../testing/accounts.test-support.ts';
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
  auth = await startTestAuth(mailSettings);
});
afterAll(() => auth.stop());

let last = 0;
function newEmail(): string {
  last += 1;
  return `new${last}@example.com`;
}

describe.each(bothPlatforms)('$platform: another address', ({ platform, other, fields, addAccount }) => {
  const mine = accountOperations(() => auth, platform);
  const { changeEmail, confirmEmail, undoEmail, reset, requestReset, tokenTo } = mine;
  const { refresh } = sessionOperations(() => auth, { fields });
  const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
  const rowOf = async (id: string) =>
    (await auth.database.query(`select * from ${table} where id = $1`, [id]))[0];
  const add = async ({ isVerified = true, ...more }: { isVerified?: boolean; email?: string } = {}) => {
    const account = await addAccount(auth.database, { tenantId: auth.tenants.demo, ...more });
    if (isVerified)
      await auth.database.query(`update ${table} set email_verified = true where id = $1`, [account.id]);
    return account;
  };
  const signIn = (account: TestAccount) => auth.signIn(fields.login, account);
  const templatesTo = async (email: string) =>
    (await readMails(auth, platform, email)).map(({ template }) => template);
  const ask = async (account?: TestAccount) => {
    const own = account ?? (await add());
    const tokens = await signIn(own);
    const to = platform === 'user' ? newEmail() : `staff-${newEmail()}`;
    expect(await changeEmail({ newEmail: to }, { token: tokens.accessToken })).toEqual({ data: true });
    return { account: own, tokens, to, token: await tokenTo(to, 'email-change') };
  };
  /** A change that was confirmed, and the token that undoes it. */
  const change = async () => {
    const asked = await ask();
    await confirmEmail({ token: asked.token }, { token: asked.tokens.accessToken });
    return { ...asked, undo: await tokenTo(asked.account.email, 'email-change-notice') };
  };

  it('counts once it is confirmed: other sessions end, the next token has it, and the earlier one is told', async () => {
    const account = await add();
    const elsewhere = await signIn(account);
    const { tokens, to, token } = await ask(account);
    expect((await rowOf(account.id)).email).toBe(account.email);
    expect(await templatesTo(account.email)).toEqual([]);
    expect(await confirmEmail({ token }, { token: tokens.accessToken })).toEqual({
      data: { verified: true, next: 'NONE', tokens: null },
    });
    expect(await rowOf(account.id)).toMatchObject({ email: to, email_verified: true });
    expect(await endReasons(auth, platform, account.id)).toEqual(['ended', null]);
    const { body } = await refresh(tokens.refreshToken);
    expect(decodeJwt(body.data[fields.refresh].accessToken)).toMatchObject({
      email: to,
      email_verified: true,
    });
    expect((await refresh(elsewhere.refreshToken)).body.errors?.[0]?.extensions.reason).toBe(
      'auth.failure.revoked',
    );
    expect(await trySignIn(auth, fields.login, account)).toBeUndefined();
    expect(await trySignIn(auth, fields.login, { ...account, email: to })).toBeDefined();
    expect(await templatesTo(account.email)).toEqual(['email-change-notice']);
  });

  it('is confirmed elsewhere with the password, and never by the link alone', async () => {
    const { account, token, to } = await ask();
    expect(await confirmEmail({ token })).toEqual({
      data: { verified: false, next: 'GIVE_PASSWORD', tokens: null },
    });
    expect(await confirmEmail({ token, password: 'a wrong password' })).toEqual({ reason: 'input.password' });
    const stranger = await signIn(await add());
    expect(await confirmEmail({ token }, { token: stranger.accessToken })).toMatchObject({
      data: { verified: false },
    });
    expect((await rowOf(account.id)).email).toBe(account.email);
    expect(await confirmEmail({ token, password: account.password })).toEqual({
      data: { verified: true, next: 'SIGN_IN', tokens: null },
    });
    expect((await rowOf(account.id)).email).toBe(to);
    // The session that asked for it stays.
    expect(await endReasons(auth, platform, account.id)).toEqual([null]);
  });

  it('is told of by mails that name the pepper which seals them', async () => {
    const { to } = await ask();
    expect(await templatesTo(to)).toEqual(['email-change']);
    const sealed = await auth.database.query(`select distinct pepper_id from auth.${platform}_mail`);
    expect(sealed).toEqual([{ pepper_id: createPepper(testPepper).id }]);
  });

  it('is confirmed once: of 200 uses at once exactly one succeeds', async () => {
    const { tokens, token } = await ask();
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => confirmEmail({ token }, { token: tokens.accessToken })),
    );
    expectOneWinner(answers);
  });

  it('is asked for with the same bytes whether it is free or taken, and the taken one’s owner hears of it', async () => {
    const { accessToken } = await signIn(await add());
    const taken = await add();
    const free = `${platform}-${newEmail()}`;
    const operation = `mutation ($input: ChangeEmailInput!) { ${platform === 'user' ? 'changeEmail' : 'changePortalEmail'}(input: $input) }`;
    const shown = [];
    for (const newEmail of [free, taken.email]) {
      const { status, body, headers } = await auth.ask(
        operation,
        { input: { newEmail } },
        { token: accessToken },
      );
      shown.push(
        JSON.stringify([
          status,
          body,
          [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id'),
        ]),
      );
    }
    expect(shown[0]).toBe(shown[1]);
    expect(await templatesTo(free)).toEqual(['email-change']);
    expect(await templatesTo(taken.email)).toEqual(['account-exists']);
  });

  it('that was taken meanwhile is refused, also where both are confirmed at once', async () => {
    const [one, two] = [await ask(), await add()];
    const second = await signIn(two);
    expect(await changeEmail({ newEmail: one.to }, { token: second.accessToken })).toEqual({ data: true });
    const token = await tokenTo(one.to, 'email-change');
    const answers = await Promise.all([
      confirmEmail({ token: one.token }, { token: one.tokens.accessToken }),
      confirmEmail({ token }, { token: second.accessToken }),
    ]);
    expectOneWinner(answers);
    expect(await auth.database.query(`select id from ${table} where email = $1`, [one.to])).toHaveLength(1);
  });

  it('is undone by its earlier reader: sessions and password are void, and a reset brings the account back', async () => {
    const { account, tokens, to, undo } = await change();
    expect(await undoEmail({ token: undo })).toEqual({ data: true });
    expect(await rowOf(account.id)).toMatchObject({
      email: account.email,
      email_verified: true,
      password_version: 2,
    });
    expect((await refresh(tokens.refreshToken)).body.errors?.[0]?.extensions.reason).toBe(
      'auth.failure.revoked',
    );
    for (const email of [to, account.email]) {
      expect(await trySignIn(auth, fields.login, { ...account, email })).toBeUndefined();
    }
    const token = await tokenTo(account.email, 'reset-password');
    expect(await reset({ token, newPassword })).toMatchObject({ data: {} });
    expect(await trySignIn(auth, fields.login, { ...account, password: newPassword })).toBeDefined();
    expect(await undoEmail({ token: undo })).toEqual({ reason: 'input.token' });
  });

  it('takes the factors of the thief’s session, and of three days before it: of another session of theirs; leaves and tells the rest', async () => {
    const account = await add();
    const addPasskey = (name: string, createdAt: string) =>
      auth.database.query(
        `insert into auth.${platform}_passkey
           (tenant_id, account_id, credential_id, public_key, sign_count, device_type, is_backed_up, aaguid, name, created_at)
         values ($1, $2, $3, 'key', 0, 'single_device', false, gen_random_uuid(), $4, ${createdAt})`,
        [auth.tenants.demo, account.id, Buffer.from(`${platform} ${name}`), name],
      );
    const tokens = await signIn(account);
    await addPasskey('mine', `now() - interval '73 hours'`);
    await addPasskey('of an earlier session', `now() - interval '71 hours'`);
    await addPasskey('stolen', 'now()');
    const to = `thief-${platform}-${newEmail()}`;
    await changeEmail({ newEmail: to }, { token: tokens.accessToken });
    await confirmEmail({ token: await tokenTo(to, 'email-change') }, { token: tokens.accessToken });
    const undo = await tokenTo(account.email, 'email-change-notice');
    expect(await undoEmail({ token: undo })).toEqual({ data: true });
    const left = `select name, passwordless from auth.${platform}_passkey where account_id = $1`;
    expect(await auth.database.query(left, [account.id])).toEqual([{ name: 'mine', passwordless: false }]);
    expect(await templatesTo(account.email)).toEqual([
      'email-change-notice',
      'factor-removed',
      'factor-removed',
      'reset-password',
    ]);
    const removed = `select details from auth.audit_event where kind = 'auth.factor.removed' and subject_id = $1`;
    expect(await auth.database.query(removed, [account.id])).toEqual([
      { details: { factor: 'passkey' } },
      { details: { factor: 'passkey' } },
    ]);
  });

  it('is undone also after a thief has changed the password and the address again; the thief can’t undo that', async () => {
    const { account, to, undo } = await change();
    await requestReset({ email: to });
    expect(await reset({ token: await tokenTo(to, 'reset-password'), newPassword })).toMatchObject({
      data: {},
    });
    const second = await ask({ ...account, email: to, password: newPassword });
    await confirmEmail({ token: second.token }, { token: second.tokens.accessToken });
    const undoOfThief = await tokenTo(to, 'email-change-notice');
    expect(await undoEmail({ token: undo })).toEqual({ data: true });
    expect(await undoEmail({ token: undoOfThief })).toEqual({ reason: 'input.token' });
    expect((await rowOf(account.id)).email).toBe(account.email);
  });

  it('is undone for 72 hours, and once of 50 times at once', async () => {
    const { account, undo, to } = await change();
    auth.clock.aheadSeconds = 72 * 3600 + 1;
    try {
      expect(await undoEmail({ token: undo })).toEqual({ reason: 'input.token' });
    } finally {
      auth.clock.aheadSeconds = 0;
    }
    expect((await rowOf(account.id)).email).toBe(to);
    const answers = await Promise.all(Array.from({ length: 50 }, () => undoEmail({ token: undo })));
    expectOneWinner(answers);
  });

  it('is not undone by who reads an address that was never verified: that may be a stranger', async () => {
    const account = await add({ isVerified: false });
    const { tokens, token } = await ask(account);
    expect(await confirmEmail({ token }, { token: tokens.accessToken })).toMatchObject({
      data: { verified: true },
    });
    expect(await templatesTo(account.email)).toEqual([]);
  });

  it.each([
    [
      'of the other platform',
      (token: string) => accountOperations(() => auth, other).confirmEmail({ token, password: 'x' }),
    ],
    ['in another tenant', (token: string) => confirmEmail({ token, password: 'x' }, { tenant: 'globex' })],
    ['for something else', (token: string) => undoEmail({ token })],
    ['cut off', (token: string) => confirmEmail({ token: token.slice(1), password: 'x' })],
  ])('is not confirmed by a link %s', async (_name, use) => {
    const { account, token } = await ask();
    const before = await rowOf(account.id);
    expect(await use(token)).toEqual({ reason: 'input.token' });
    expect(await rowOf(account.id)).toEqual(before);
  });

  it('is not asked for signed out, with a text that is no address, or with one’s own', async () => {
    expect(await changeEmail({ newEmail: 'a@example.com' })).toEqual({
      reason: 'auth.failure.missing_token',
    });
    const account = await add();
    const { accessToken: token } = await signIn(account);
    for (const newEmail of [
      'nobody',
      'a@b.example\r\nBcc: c@d.example',
      `${'x'.repeat(10_000)}@example.com`,
      account.email,
    ]) {
      expect(await changeEmail({ newEmail }, { token })).toEqual({ reason: 'input.newEmail' });
    }
  });

  it('is asked for a few times, then the account waits', async () => {
    const { accessToken: token } = await signIn(await add());
    const reasons = [];
    for (let count = 0; count < 9; count++)
      reasons.push((await changeEmail({ newEmail: newEmail() }, { token })).reason);
    expect(reasons.slice(0, 5)).toEqual(Array(5).fill(undefined));
    expect(reasons).toContain('auth.throttled');
  });
});

it('a customer gets an address that an unverified account of somebody else holds, and that one keeps all else', async () => {
  const { addCustomer } = await import('../testing/accounts.test-support.ts');
  const [squatter, owner] = [
    await addCustomer(auth.database, { tenantId: auth.tenants.demo, email: 'mine@example.com' }),
    await addCustomer(auth.database, { tenantId: auth.tenants.demo }),
  ];
  const { changeEmail, confirmEmail, tokenTo } = accountOperations(() => auth, 'user');
  const { accessToken: token } = await auth.signIn('login', owner);
  expect(await changeEmail({ newEmail: 'mine@example.com' }, { token })).toEqual({ data: true });
  const link = await tokenTo('mine@example.com', 'email-change');
  expect(await confirmEmail({ token: link }, { token })).toMatchObject({ data: { verified: true } });
  const rows = await auth.database.query(`select id, email from auth.user where id = any($1)`, [
    [squatter.id, owner.id],
  ]);
  expect(new Map(rows.map(({ id, email }) => [id, email]))).toEqual(
    new Map([
      [squatter.id, `released-${squatter.id}@unverified.invalid`],
      [owner.id, 'mine@example.com'],
    ]),
  );
});
