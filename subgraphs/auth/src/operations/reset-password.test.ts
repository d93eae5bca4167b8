import { setTimeout } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maxPauseMs } from '../later-work.ts';
import { accountOperations, expectOneWinner } from '../testing/account-operations.test-support.ts';
import { addCustomer } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { mailSettings, readMails, tokenOf } from '../testing/mails.test-support.ts';
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

describe.each(bothPlatforms)('$platform: a lost password', ({ platform, other, fields, addAccount }) => {
  const { requestReset, reset, tokenTo, requestVerification } = accountOperations(() => auth, platform);
  const { refresh } = sessionOperations(() => auth, { fields });
  const add = (more: object = {}) => addAccount(auth.database, { tenantId: auth.tenants.demo, ...more });
  const rowOf = async (id: string) => {
    const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
    return (await auth.database.query(`select * from ${table} where id = $1`, [id]))[0];
  };
  const askFor = async (email: string) => {
    expect(await requestReset({ email })).toEqual({ data: true });
    return tokenTo(email, 'reset-password');
  };
  /** What was asked for until now is done: jobs begin a random time after their request, and run one after the other. */
  const othersAreDone = async () => {
    await setTimeout(maxPauseMs);
    await askFor((await add()).email);
  };

  it('is replaced with the link of a mail: sessions end, the address is verified, and the owner is told', async () => {
    const account = await add();
    const first = await auth.signIn(fields.login, account);
    const token = await askFor(account.email);
    expect(await reset({ token, newPassword })).toEqual({ data: { endedSessions: 1 } });
    expect(await endReasons(auth, platform, account.id)).toEqual(['password']);
    const { body } = await refresh(first.refreshToken);
    expect(body.errors?.[0]?.extensions.reason).toBe('auth.failure.revoked');
    expect(await trySignIn(auth, fields.login, account)).toBeUndefined();
    const again = await auth.signIn(fields.login, { ...account, password: newPassword });
    expect(decodeJwt(again.accessToken)).toMatchObject({ email_verified: true });
    expect((await readMails(auth, platform, account.email)).map(({ template }) => template)).toEqual([
      'reset-password',
      'password-changed',
    ]);
    const events = await auth.database.query(
      `select details from auth.audit_event where kind = 'auth.password.reset' and subject_id = $1`,
      [account.id],
    );
    expect(events).toEqual([{ details: { ended: 1, takenOver: true } }]);
  });

  it('is replaced without the second factor of a verified account: sign-in still asks for it', async () => {
    const account = await add();
    const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
    await auth.database.query(`update ${table} set email_verified = true where id = $1`, [account.id]);
    await auth.database.query(
      `insert into auth.${platform}_totp (id, tenant_id, account_id, sealed_secret, pepper_id, confirmed_at)
       values (gen_random_uuid(), $1, $2, 'sealed', 'pepper', now())`,
      [auth.tenants.demo, account.id],
    );
    expect(await reset({ token: await askFor(account.email), newPassword })).toMatchObject({ data: {} });
    const { body } = await auth.ask(
      `mutation ($input: LoginInput!) { ${fields.login}(input: $input) { accessToken } }`,
      { input: { email: account.email, password: newPassword } },
    );
    expect(body.errors?.[0]?.extensions.reason).toBe('auth.challenge_required');
  });

  it('has a link to the platform’s frontend, with the token in the fragment, in the language that was asked for', async () => {
    const { email } = await add();
    await requestReset({ email: email.toUpperCase(), language: 'de-AT' });
    await tokenTo(email, 'reset-password');
    const [mail] = await readMails(auth, platform, email);
    const base = platform === 'user' ? 'https://shop.example/app' : 'https://desk.example';
    expect(mail?.values.link).toBe(`${base}/reset-password#token=${tokenOf(mail)}`);
    expect(mail).toMatchObject({ language: 'de-AT', to: email });
  });

  it('is replaced once by a link: of 200 uses at once exactly one succeeds', async () => {
    const account = await add();
    const token = await askFor(account.email);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => reset({ token, newPassword: `${newPassword} ${index}` })),
    );
    expectOneWinner(answers);
    expect((await rowOf(account.id)).password_version).toBe(2);
    expect(await reset({ token, newPassword })).toEqual({ reason: 'input.token' });
  });

  it.each([
    [
      'of the other platform',
      async (token: string) => accountOperations(() => auth, other).reset({ token, newPassword }),
    ],
    ['in another tenant', async (token: string) => reset({ token, newPassword }, { tenant: 'globex' })],
    ['cut off', async (token: string) => reset({ token: token.slice(0, -1), newPassword })],
    ['empty', async () => reset({ token: '', newPassword })],
    ['of 10 KB', async (token: string) => reset({ token: token.repeat(250), newPassword })],
    ['with a NUL', async (token: string) => reset({ token: `${token}\0`, newPassword })],
  ])('is not replaced by a link %s', async (_name, use) => {
    const account = await add();
    const token = await askFor(account.email);
    const before = await rowOf(account.id);
    expect(await use(token)).toEqual({ reason: 'input.token' });
    expect(await rowOf(account.id)).toEqual(before);
    expect(await reset({ token, newPassword })).toEqual({ data: { endedSessions: 0 } });
  });

  it('is not replaced by a link that expired, that a later one replaced, or from before a change of the password', async () => {
    const account = await add();
    const first = await askFor(account.email);
    await requestReset({ email: account.email });
    await expect.poll(async () => (await readMails(auth, platform, account.email)).length).toBe(2);
    const second = await tokenTo(account.email, 'reset-password');
    expect(await reset({ token: first, newPassword })).toEqual({ reason: 'input.token' });
    auth.clock.aheadSeconds = 3601;
    try {
      expect(await reset({ token: second, newPassword })).toEqual({ reason: 'input.token' });
    } finally {
      auth.clock.aheadSeconds = 0;
    }
    const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
    await auth.database.query(`update ${table} set password_version = password_version + 1 where id = $1`, [
      account.id,
    ]);
    expect(await reset({ token: second, newPassword })).toEqual({ reason: 'input.token' });
  });

  it('is not replaced by a link for something else', async () => {
    const account = await add();
    const { accessToken } = await auth.signIn(fields.login, account);
    expect(await requestVerification({ token: accessToken })).toEqual({ data: true });
    const token = await tokenTo(account.email, 'verify-email');
    expect(await reset({ token, newPassword })).toEqual({ reason: 'input.token' });
  });

  it.each(['short', 'Password1234', 'with a NUL in it\0'])(
    'is not replaced by %j, and the link stays good',
    async (weak) => {
      const account = await add();
      const token = await askFor(account.email);
      expect(await reset({ token, newPassword: weak })).toEqual({ reason: 'input.newPassword' });
      expect(await trySignIn(auth, fields.login, account)).toBeDefined();
      expect(await reset({ token, newPassword })).toEqual({ data: { endedSessions: 1 } });
    },
  );

  it('brings the same bytes for every address, and a mail only to an account that is active here', async () => {
    const [known, suspended, foreign] = [
      await add(),
      await add({ isActive: false }),
      await add({ tenantId: auth.tenants.globex }),
    ];
    const operation = `mutation ($input: RequestPasswordResetInput!) { ${
      platform === 'user' ? 'requestPasswordReset' : 'requestPortalPasswordReset'
    }(input: $input) }`;
    const answers: string[] = [];
    const emails = ['nobody@example.com', suspended.email, foreign.email, known.email];
    for (const email of emails) {
      const { status, body, headers } = await auth.ask(
        operation,
        { input: { email } },
        { address: '198.51.100.7' },
      );
      const shown = [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id');
      answers.push(JSON.stringify([status, body, shown]));
    }
    expect(new Set(answers).size).toBe(1);
    await othersAreDone();
    await tokenTo(known.email, 'reset-password');
    for (const email of emails.slice(0, 3)) expect(await readMails(auth, platform, email)).toEqual([]);
  });

  it('brings no more than a few mails to one mailbox, and nobody sees the difference', async () => {
    const account = await add();
    for (let asked = 0; asked < 8; asked++) {
      expect(await requestReset({ email: account.email })).toEqual({ data: true });
    }
    await othersAreDone();
    expect((await readMails(auth, platform, account.email)).length).toBe(3);
  });

  it('of a deactivated account stays lost', async () => {
    const account = await add();
    const token = await askFor(account.email);
    const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
    await auth.database.query(`update ${table} set is_active = false where id = $1`, [account.id]);
    expect(await reset({ token, newPassword })).toEqual({ reason: 'input.token' });
    expect((await rowOf(account.id)).email_verified).toBe(false);
  });

  it.each(['nobody', 'a@b.example, c@d.example', 'a@b.example\r\nBcc: c@d.example', '"x" <a@b.example>'])(
    'is not asked for with %j',
    async (email) => {
      expect(await requestReset({ email })).toEqual({ reason: 'input.email' });
    },
  );

  it('is not asked for with an address of 10 KB', async () => {
    expect(await requestReset({ email: `${'x'.repeat(10_000)}@example.com` })).toEqual({
      reason: 'input.email',
    });
  });

  it('has no mail in a language that is no tag', async () => {
    expect(await requestReset({ email: 'a@example.com', language: 'de\r\nBcc: c@d.example' })).toEqual({
      reason: 'input.language',
    });
  });
});

it('a customer of a corrected address keeps the second factor at a reset, and one whom nobody ever knew loses it and is told', async () => {
  const { requestReset, reset, tokenTo } = accountOperations(() => auth, 'user');
  const resetWithTotp = async (isKnown: boolean) => {
    const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    if (isKnown)
      await auth.database.query('update auth.user set email_verified = true where id = $1', [account.id]);
    await auth.database.query('update auth.user set email_verified = false where id = $1', [account.id]);
    await auth.database.query(
      `insert into auth.user_totp (id, tenant_id, account_id, sealed_secret, pepper_id, confirmed_at)
       values (gen_random_uuid(), $1, $2, 'sealed', 'pepper', now())`,
      [auth.tenants.demo, account.id],
    );
    await requestReset({ email: account.email });
    const token = await tokenTo(account.email, 'reset-password');
    expect(await reset({ token, newPassword })).toMatchObject({ data: {} });
    const totps = await auth.database.query('select from auth.user_totp where account_id = $1', [account.id]);
    const told = (await readMails(auth, 'user', account.email)).map(({ template }) => template);
    const audited = await auth.database.query(
      `select details from auth.audit_event where kind = 'auth.factor.removed' and subject_id = $1`,
      [account.id],
    );
    return { totps: totps.length, isTold: told.includes('factor-removed'), audited };
  };
  expect(await resetWithTotp(true)).toEqual({ totps: 1, isTold: false, audited: [] });
  expect(await resetWithTotp(false)).toEqual({
    totps: 0,
    isTold: true,
    audited: [{ details: { factor: 'totp' } }],
  });
});

it('a corrected address opens no account to who registers with it', async () => {
  const { verify, tokenTo } = accountOperations(() => auth, 'user');
  const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
  const register = (email: string) =>
    auth.ask('mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }', {
      input: { email, password: newPassword },
    });
  const corrected = `corrected-${account.email}`;
  await register(corrected);
  const token = await tokenTo(corrected, 'verify-email');
  await auth.database.query('update auth.user set email_verified = true where id = $1', [account.id]);
  await auth.database.query('update auth.user set email_verified = false, email = $2 where id = $1', [
    account.id,
    corrected,
  ]);
  expect(await verify({ token, newPassword })).toEqual({ reason: 'input.token' });
  await register(corrected);
  expect((await readMails(auth, 'user', corrected)).at(-1)?.template).toBe('account-exists');
});

it('a customer gets the mail, whoever registers with the address again and again', async () => {
  const { email } = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
  const { requestReset, tokenTo } = accountOperations(() => auth, 'user');
  const registering = 'mutation ($input: RegisterInput!) { register(input: $input) { expiresIn } }';
  for (let times = 0; times < 5; times++) {
    await auth.ask(registering, { input: { email, password: newPassword } }, { address: '198.51.100.77' });
  }
  expect(await requestReset({ email })).toEqual({ data: true });
  expect(await tokenTo(email, 'reset-password')).toMatch(/^[\w-]{43}$/);
});

it('one network asks for a number of mails, then waits', async () => {
  const { requestReset } = accountOperations(() => auth, 'user');
  const answers = [];
  for (let asked = 0; asked < 25; asked++) {
    answers.push((await requestReset({ email: `n${asked}@example.com` }, { address: '192.0.2.200' })).reason);
  }
  expect(answers.slice(0, 20)).toEqual(Array(20).fill(undefined));
  expect(answers.slice(21)).toContain('auth.throttled');
  expect(await requestReset({ email: 'n1@example.com' })).toEqual({ data: true });
});

it('without mail the operations that need one say so, and change nothing', async () => {
  const plain = await startTestAuth();
  try {
    const { requestReset } = accountOperations(() => plain, 'user');
    expect(await requestReset({ email: 'a@example.com' })).toEqual({ reason: 'authz.permission.deny' });
  } finally {
    await plain.stop();
  }
});
