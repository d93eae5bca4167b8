import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { createTestBrowser } from '../testing/browser.test-support.ts';

/** The same guarantees hold on both platforms. */
describe.each([
  { platform: 'user', other: 'portal' },
  { platform: 'portal', other: 'user' },
] as const)('cookies of the platform $platform', ({ platform, other }) => {
  const addAccount = platform === 'user' ? addCustomer : addStaffMember;
  const idleSeconds = platform === 'user' ? 30 * 86_400 : 8 * 3600;
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
  const { ask, fields, logout, name, refresh, sidOf, signIn } = browser;

  it('sign-in sets the cookie, for as long as the token lives, and keeps the token out of the body', async () => {
    const { body, set, value } = await signIn();
    expect(body.data[fields.signIn]).toMatchObject({ refreshToken: null, accessToken: expect.any(String) });
    expect(set).toEqual([
      expect.stringMatching(
        new RegExp(`^${name}=[\\w-]{43}; Max-Age=${idleSeconds}; Path=/; HttpOnly; Secure; SameSite=Strict$`),
      ),
    ]);
    expect(JSON.stringify(body)).not.toContain(value);
  });

  it('refresh reads the cookie and sets the next; a lost answer comes again', async () => {
    const { body, value } = await signIn();
    const [one, two] = [
      await refresh({ cookie: `${name}=${value}` }),
      await refresh({ cookie: `${name}=${value}` }),
    ];
    expect(one.body.data[fields.refresh].refreshToken).toBeNull();
    expect(one.value).not.toBe(value);
    expect(two.value).toBe(one.value);
    expect(sidOf(one.body.data[fields.refresh])).toBe(sidOf(body.data[fields.signIn]));
  });

  it('keeps the cookie for a minute: whichever a browser had queued, whichever answer comes last, one token is good', async () => {
    const { value: first } = await signIn();
    const { value: second } = await refresh({ cookie: `${name}=${first}` });
    const mixed = Array.from({ length: 20 }, (_, index) => `${name}=${index % 2 ? first : second}`);
    const answers = await Promise.all(mixed.map((cookie) => refresh({ cookie })));
    expect(new Set(answers.map(({ value }) => value))).toEqual(new Set([second]));
    auth.clock.aheadSeconds = 62;
    const { value: third } = await refresh({ cookie: `${name}=${second}` });
    expect(third).not.toBe(second);
    expect((await refresh({ cookie: `${name}=${second}` })).value).toBe(third);
    expect((await refresh({ cookie: `${name}=${first}` })).reason).toBe('auth.failure.revoked');
    expect((await refresh({ cookie: `${name}=${third}` })).reason).toBe('auth.failure.revoked');
    auth.clock.aheadSeconds = 0;
  });

  it('a lost answer, an hour ago: the old cookie gets the next one', async () => {
    const { value: first } = await signIn();
    const { value: lost } = await refresh({ cookie: `${name}=${first}` });
    auth.clock.aheadSeconds = 3600;
    const again = await refresh({ cookie: `${name}=${first}` });
    auth.clock.aheadSeconds = 0;
    expect([again.reason, again.value]).toEqual([undefined, lost]);
  });
  it.each(['', 'Cookie', 'body'])(
    'neither reads nor sets a cookie that is not asked for: %j',
    async (session) => {
      const { value } = await signIn();
      const answers = [
        await signIn({ session, cookie: `${name}=${value}` }),
        await refresh({ session, cookie: `${name}=${value}` }),
        await logout({ session, cookie: `${name}=${value}` }),
      ];
      expect(answers.map(({ set }) => set)).toEqual([[], [], []]);
      expect(answers[0]?.body.data[fields.signIn].refreshToken).toMatch(/^[\w-]{43}$/);
      expect(answers.slice(1).map(({ reason }) => reason)).toEqual([
        'input.refreshToken',
        'auth.failure.missing_token',
      ]);
      expect((await refresh({ cookie: `${name}=${value}` })).reason).toBeUndefined();
    },
  );

  it.each([
    ['no cookie', () => '', 'auth.failure.missing_token'],
    ['an empty cookie', () => `${name}=`, 'auth.failure.missing_token'],
    [
      "the other platform's cookie",
      (value: string) => `__Host-signet-${other}-refresh=${value}`,
      'auth.failure.missing_token',
    ],
    [
      'a cookie without the prefix',
      (value: string) => `signet-${platform}-refresh=${value}`,
      'auth.failure.missing_token',
    ],
    [
      'two cookies of the name',
      (value: string) => `${name}=${value}; ${name}=${value}`,
      'auth.failure.malformed',
    ],
    ['a made-up cookie', () => `${name}=${'x'.repeat(43)}`, 'auth.failure.invalid_credentials'],
    ['a cookie in quotes', (value: string) => `${name}="${value}"`, 'auth.failure.invalid_credentials'],
    ['a cookie of 8 KB', () => `${name}=${'x'.repeat(8192)}`, 'auth.failure.invalid_credentials'],
  ])(
    'refresh refuses %s, and clears nothing that a sign-in may just have set',
    async (_title, cookieOf, reason) => {
      const { value } = await signIn();
      const answer = await refresh({ cookie: cookieOf(value ?? '') });
      expect([answer.reason, answer.set]).toEqual([reason, []]);
    },
  );

  it('refuses a token in the input beside the cookie', async () => {
    const { value } = await signIn();
    const input = { refreshToken: 'x'.repeat(43) };
    for (const field of [refresh, logout]) {
      expect((await field({ cookie: `${name}=${value}` }, input)).reason).toBe('input.refreshToken');
      expect((await field({}, input)).reason).toBe('input.refreshToken');
    }
  });

  it('takes up no session that somebody planted: a sign-in always begins its own', async () => {
    const planted = await signIn();
    const { body, value } = await signIn({ cookie: `${name}=${planted.value}` });
    expect(value).not.toBe(planted.value);
    expect(sidOf(body.data[fields.signIn])).not.toBe(sidOf(planted.body.data[fields.signIn]));
  });

  it('sets no cookie when the sign-in is refused', async () => {
    const answer = await ask(
      `mutation ($input: LoginInput!) { ${fields.signIn}(input: $input) { accessToken } }`,
      { input: { email: account.email, password: 'wrong' } },
    );
    expect([answer.reason, answer.set]).toEqual(['auth.failure.invalid_credentials', []]);
  });

  it("does not know another tenant's cookie", async () => {
    const stranger = await addAccount(auth.database, { tenantId: auth.tenants.globex });
    const { refreshToken } = await auth.signIn(fields.signIn, stranger, { tenant: 'globex' });
    expect((await refresh({ cookie: `${name}=${refreshToken}` })).reason).toBe(
      'auth.failure.invalid_credentials',
    );
  });
});

it('register sets the cookie of a customer', async () => {
  const auth = await startTestAuth();
  const { body, headers } = await auth.gateway.post(
    `${auth.url}/graphql`,
    {
      query: `mutation { register(input: { email: "new@example.com", password: "a password of some length" }) { refreshToken } }`,
    },
    { context: { origin: 'https://shop.example', session: 'cookie' } },
  );
  await auth.stop();
  expect(body.data.register).toEqual({ refreshToken: null });
  expect(headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-signet-user-refresh=[\w-]{43}; /),
    expect.stringMatching(/^__Host-signet-user-device=[\w.-]{70,80}; /),
  ]);
});
