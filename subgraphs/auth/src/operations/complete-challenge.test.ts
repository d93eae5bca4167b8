import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { factorOperations } from '../testing/factors.test-support.ts';

/** The same guarantees hold on both platforms. */
describe.each([
  { platform: 'user', other: 'portal', addAccount: addCustomer },
  { platform: 'portal', other: 'user', addAccount: addStaffMember },
] as const)('the second step of signing in, $platform', ({ platform, other, addAccount }) => {
  let auth: TestAuth;
  const operations = factorOperations(() => auth, platform);
  const { fields, codeOf, signIn, challengeOf, complete } = operations;
  beforeAll(async () => {
    auth = await startTestAuth();
    auth.clock.stoppedAt = Date.now(); // A code is of one step of half a minute.
  });
  afterAll(() => auth.stop());
  const addWithTotp = async () => {
    const account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
    return { account, ...(await operations.addTotp(account)) };
  };
  const sessionsOf = (account: TestAccount) =>
    auth.database.query(
      `select amr from auth.${platform}_session where ${platform === 'user' ? 'user_id' : 'staff_id'} = $1 order by id`,
      [account.id],
    );

  it('is asked for after the right password, and gives no session before it is answered', async () => {
    const { account } = await addWithTotp();
    const { body } = await signIn(account);
    expect(body).toEqual({
      data: null,
      errors: [
        {
          message: 'The password is right. Prove a second factor to sign in.',
          path: [fields.login],
          locations: expect.anything(),
          extensions: {
            code: 'UNAUTHENTICATED',
            reason: 'auth.challenge_required',
            challenge: {
              id: expect.stringMatching(/^[\w-]{43}$/),
              methods: ['totp', 'recovery_code'],
              expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
            },
          },
        },
      ],
    });
    expect(await sessionsOf(account)).toEqual([{ amr: ['pwd', 'otp', 'mfa'] }]); // The one that added the factor.
  });

  it('is not reached with a wrong password, whose answer is that of any account', async () => {
    const { account } = await addWithTotp();
    const { body } = await signIn({ ...account, password: 'a wrong password' });
    expect(body.errors?.[0]?.extensions).toEqual({
      code: 'UNAUTHENTICATED',
      reason: 'auth.failure.invalid_credentials',
    });
  });

  it('opens a session that says how it was opened', async () => {
    const { account, secret } = await addWithTotp();
    const { id } = await challengeOf(account);
    const { tokens } = await complete(id, { totp: codeOf(secret) });
    expect(decodeJwt(tokens?.accessToken ?? '')).toMatchObject({
      sub: account.id,
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'aal2',
    });
    expect(tokens?.deviceToken).toEqual(expect.any(String));
    const refreshed = await operations.refresh(tokens?.refreshToken ?? '');
    expect(decodeJwt(refreshed.tokens?.accessToken ?? '')).toMatchObject({ acr: 'aal2' });
  });

  it('a session with a password alone says so', async () => {
    const account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
    const { tokens } = await signIn(account);
    expect(decodeJwt(tokens?.accessToken ?? '')).toMatchObject({ amr: ['pwd'], acr: 'aal1' });
  });

  it('takes a code of the neighbouring steps and of no others', async () => {
    const { account, secret } = await addWithTotp();
    for (const [steps, isTaken] of [
      [-2, false],
      [2, false],
      [1, true],
    ] as const) {
      const { tokens, reason } = await complete((await challengeOf(account)).id, {
        totp: codeOf(secret, steps),
      });
      expect([steps, tokens !== undefined]).toEqual([steps, isTaken]);
      if (!isTaken) expect(reason).toBe('input.totp');
    }
  });

  it('takes no code twice, nor an earlier one after a later one', async () => {
    const { account, secret } = await addWithTotp();
    const code = codeOf(secret, 1);
    expect((await complete((await challengeOf(account)).id, { totp: code })).tokens).toBeDefined();
    for (const used of [code, codeOf(secret)]) {
      const { reason } = await complete((await challengeOf(account)).id, { totp: used });
      expect(reason).toBe('input.totp');
    }
  });

  it('is answered once: a second answer to it finds nothing', async () => {
    const { account, secret } = await addWithTotp();
    const { id } = await challengeOf(account);
    expect((await complete(id, { totp: codeOf(secret) })).tokens).toBeDefined();
    expect((await complete(id, { totp: codeOf(secret, 1) })).reason).toBe('input.challenge');
  });

  it('is dead after five wrong answers, for the right one too', async () => {
    const { account, recoveryCodes } = await addWithTotp();
    const { id } = await challengeOf(account);
    // At the limit of the account's own counter, a wait is over before the next answer.
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await auth.database.query(`delete from auth.${platform}_throttle where key like 'factor%'`);
      expect((await complete(id, { recoveryCode: 'aaaa-bbbb-cccc' })).reason).toBe('input.recoveryCode');
    }
    await auth.database.query(`delete from auth.${platform}_throttle where key like 'factor%'`);
    const { reason } = await complete(id, { recoveryCode: recoveryCodes[0] as string });
    expect(reason).toBe('input.challenge');
  });

  it('slows down guesses at one account, however many challenges they are sent to', async () => {
    const { account, secret } = await addWithTotp();
    const reasons: (string | undefined)[] = [];
    // Each pause is twice the one before: however slow the machine is, one of them is met.
    while (reasons.at(-1) !== 'auth.throttled' && reasons.length < 20) {
      reasons.push((await complete((await challengeOf(account)).id, { totp: '000000' })).reason);
    }
    expect(reasons.slice(0, 5)).toEqual(Array(5).fill('input.totp'));
    expect(reasons).toContain('auth.throttled');
    expect((await complete((await challengeOf(account)).id, { totp: codeOf(secret) })).reason).toBe(
      'auth.throttled',
    );
    const rows = await auth.database.query(
      `select details from auth.audit_event where kind = 'auth.challenge.failed' and subject_id = $1`,
      [account.id],
    );
    expect(rows.length).toBeGreaterThanOrEqual(5);
  });

  it('lets a known device in while somebody else guesses', async () => {
    const { account, secret } = await addWithTotp();
    const { tokens } = await complete((await challengeOf(account)).id, { totp: codeOf(secret) });
    for (let attempt = 0; attempt < 7; attempt += 1) {
      await complete((await challengeOf(account)).id, { totp: '000000' });
    }
    const answer = { totp: codeOf(secret, 1), deviceToken: tokens?.deviceToken };
    expect((await complete((await challengeOf(account)).id, answer)).tokens).toBeDefined();
  });

  it.each([
    ['an unknown id', async () => 'x'.repeat(43)],
    ['a text that is no id', async () => 'nothing'],
    ['one that is over', async (id: string) => id],
    ['one of before a change of the password', async (id: string) => id],
    ['one of an account that was locked since', async (id: string) => id],
    ["another tenant's", async (id: string) => id],
    ["the other platform's", async (id: string) => id],
  ] as const)('refuses %s alike', async (name, idOf) => {
    const { account, recoveryCodes } = await addWithTotp();
    const id = await idOf((await challengeOf(account)).id);
    const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
    const change = (set: string) =>
      auth.database.query(`update ${table} set ${set} where id = $1`, [account.id]);
    if (name.includes('change of the password')) await change('password_version = password_version + 1');
    if (name.includes('locked')) await change('is_active = false');
    if (name.includes('is over')) auth.clock.aheadSeconds = 301;
    const sender = name.includes('tenant') ? { tenant: 'globex' } : {};
    const asking = name.includes('platform') ? factorOperations(() => auth, other) : operations;
    const { body } = await asking.complete(id, { recoveryCode: recoveryCodes[0] as string }, sender);
    auth.clock.aheadSeconds = 0;
    expect(body.errors).toMatchObject([
      {
        message: 'This challenge is over or unknown. Sign in again.',
        extensions: { code: 'BAD_USER_INPUT', reason: 'input.challenge' },
      },
    ]);
  });

  it("does not take another account's code for a challenge", async () => {
    const [ada, eve] = [await addWithTotp(), await addWithTotp()];
    const { id } = await challengeOf(ada.account);
    expect((await complete(id, { totp: codeOf(eve.secret) })).reason).toBe('input.totp');
    const code = eve.recoveryCodes[0] as string;
    expect((await complete(id, { recoveryCode: code })).reason).toBe('input.recoveryCode');
  });

  it.each([[{}], [{ totp: '000000', recoveryCode: 'aaaa-bbbb-cccc' }]])(
    'asks for exactly one answer: %j',
    async (answer) => {
      const { account } = await addWithTotp();
      expect((await complete((await challengeOf(account)).id, answer)).reason).toBe('input.totp');
    },
  );

  it('stores neither the id of a challenge nor a secret nor a code', async () => {
    const { account, secret, recoveryCodes } = await addWithTotp();
    const { id } = await challengeOf(account);
    const tables = ['challenge', 'totp', 'recovery_code'].map((name) => `auth.${platform}_${name}`);
    for (const table of tables) {
      const rows = await auth.database.query(`select row_to_json(t)::text as row from ${table} t`);
      expect(rows.length).toBeGreaterThan(0);
      const text = JSON.stringify(rows);
      for (const value of [id, secret, ...recoveryCodes]) {
        expect(text).not.toContain(value);
        expect(text).not.toContain(Buffer.from(value).toString('hex'));
      }
      expect(text).not.toContain(Buffer.from(id, 'base64url').toString('hex'));
    }
  });

  it('of 200 answers with one code at once, exactly one opens a session', async () => {
    const { account, secret } = await addWithTotp();
    const before = (await sessionsOf(account)).length;
    const ids = await Promise.all(Array.from({ length: 8 }, () => challengeOf(account)));
    const totp = codeOf(secret);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => complete(ids[index % 8]?.id ?? '', { totp })),
    );
    expect(answers.filter(({ tokens }) => tokens)).toHaveLength(1);
    expect(await sessionsOf(account)).toHaveLength(before + 1);
  });
});
