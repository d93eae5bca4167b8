import { createDatabase } from '@signet/db';
import { decodeJwt } from 'jose';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';

type Sender = { cookie?: string; session?: string; token?: string; timeoutMs?: number; password?: string };

/** The same guarantees hold on both platforms. */
describe.each([
  {
    platform: 'user',
    other: 'portal',
    signIn: 'login',
    refresh: 'refresh',
    logout: 'logout',
    endOne: 'endSession',
  },
  {
    platform: 'portal',
    other: 'user',
    signIn: 'portalLogin',
    refresh: 'portalRefresh',
    logout: 'portalLogout',
    endOne: 'endPortalSession',
  },
] as const)('cookies of the platform $platform', ({ platform, other, ...fields }) => {
  const name = `__Host-signet-${platform}-refresh`;
  const addAccount = platform === 'user' ? addCustomer : addStaffMember;
  const cleared = `${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict`;
  const idleSeconds = platform === 'user' ? 30 * 86_400 : 8 * 3600;
  let auth: TestAuth;
  let account: TestAccount;
  beforeAll(async () => {
    auth = await startTestAuth();
    account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
  });
  afterAll(() => auth.stop());

  /** As the gateway asks when it has found the page's origin trusted. */
  async function ask(
    query: string,
    variables: object,
    { cookie, session = 'cookie', token, timeoutMs }: Sender = {},
  ) {
    const { body, headers } = await auth.gateway.post(
      `${auth.url}/graphql`,
      { query, variables: { ...variables } },
      {
        token,
        context: { origin: 'https://shop.example', session, ...(timeoutMs && { timeoutMs }) },
        ...(cookie && { cookie }),
      },
    );
    const set = headers
      .getSetCookie()
      .filter((line) => !line.startsWith(`__Host-signet-${platform}-device=`));
    return {
      body,
      set,
      value: set[0]?.slice(name.length + 1).split(';')[0],
      reason: body.errors?.[0]?.extensions.reason,
    };
  }
  const signIn = (sender?: Sender) =>
    ask(
      `mutation ($input: LoginInput!) { ${fields.signIn}(input: $input) { accessToken refreshToken expiresIn } }`,
      { input: { email: account.email, password: sender?.password ?? account.password } },
      sender,
    );
  const refresh = (sender: Sender, input?: object) =>
    ask(
      `mutation ($input: RefreshInput) { ${fields.refresh}(input: $input) { accessToken refreshToken expiresIn } }`,
      { input },
      sender,
    );
  const logout = (sender: Sender, input?: object) =>
    ask(`mutation ($input: LogoutInput) { ${fields.logout}(input: $input) }`, { input }, sender);
  const sidOf = (payload: { accessToken: string }) => decodeJwt(payload.accessToken).sid;
  const endOf = async (sid: unknown) =>
    (await auth.database.query(`select end_reason from auth.${platform}_session where id = $1`, [sid]))[0]
      .end_reason;

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

  it('refresh clears the cookie of a session that is over', async () => {
    const { body, value } = await signIn();
    await auth.database.query(
      `update auth.${platform}_session set ended_at = now(), end_reason = 'ended' where id = $1`,
      [sidOf(body.data[fields.signIn])],
    );
    const { reason, set } = await refresh({ cookie: `${name}=${value}` });
    expect([reason, set]).toEqual(['auth.failure.revoked', [cleared]]);
    const answer = await refresh({ session: '' }, { refreshToken: value });
    expect([answer.reason, answer.set]).toEqual(['auth.failure.revoked', []]);
  });

  it('logout keeps the cookie where the session cannot be ended, so that the client may try again', async () => {
    const { body, value } = await signIn();
    const sid = sidOf(body.data[fields.signIn]);
    const holder = createDatabase(auth.database.adminUrl);
    const trx = await holder.startTransaction().execute();
    await sql`select from ${sql.table(`auth.${platform}_session`)} where id = ${sid} for update`.execute(trx);
    const refused = await logout({ cookie: `${name}=${value}`, timeoutMs: 500 });
    await trx.rollback().execute();
    await holder.destroy();
    expect([refused.reason, refused.set]).toEqual(['auth.unavailable', []]);
    expect(await endOf(sid)).toBeNull();
    const answer = await logout({ cookie: `${name}=${value}` });
    expect([answer.reason, answer.set]).toEqual([undefined, [cleared]]);
    expect(await endOf(sid)).toBe('logout');
  });

  it('a second sign-in ends the session whose cookie it replaces, and no other', async () => {
    const [one, other] = [await signIn(), await signIn()];
    const two = await signIn({ cookie: `${name}=${one.value}` });
    expect(await endOf(sidOf(one.body.data[fields.signIn]))).toBe('logout');
    for (const { body } of [other, two]) expect(await endOf(sidOf(body.data[fields.signIn]))).toBeNull();
    const audit = await auth.database.query(
      `select details from auth.audit_event where kind = 'auth.logout' and session_id = $1`,
      [sidOf(one.body.data[fields.signIn])],
    );
    expect(audit).toEqual([{ details: { replaced: true } }]);
  });

  it('a sign-in ends no session whose cookie it does not replace', async () => {
    const { body, value } = await signIn();
    const sid = sidOf(body.data[fields.signIn]);
    await signIn({ session: '', cookie: `${name}=${value}` });
    await signIn({ cookie: `__Host-signet-${other}-refresh=${value}` });
    await signIn({ cookie: `${name}=${value}`, password: 'not the password' });
    expect(await endOf(sid)).toBeNull();
    expect((await refresh({ cookie: `${name}=${value}` })).reason).toBeUndefined();
  });

  it('logout ends the session of the cookie, and clears it', async () => {
    const { body, value } = await signIn();
    const { body: answer, set } = await logout({ cookie: `${name}=${value}` });
    expect(answer.data).toEqual({ [fields.logout]: true });
    expect(set).toEqual([`${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict`]);
    expect(await endOf(sidOf(body.data[fields.signIn]))).toBe('logout');
    expect((await refresh({ cookie: `${name}=${value}` })).reason).toBe('auth.failure.revoked');
  });

  it('logout ends the sessions of both the cookie and the access token', async () => {
    const [one, two] = [await signIn(), await signIn()];
    const token = one.body.data[fields.signIn].accessToken;
    expect((await logout({ token, cookie: `${name}=${two.value}` })).body.data[fields.logout]).toBe(true);
    for (const { body } of [one, two]) expect(await endOf(sidOf(body.data[fields.signIn]))).toBe('logout');
  });

  it('logout with an invalid cookie clears it, and ends the session of the access token', async () => {
    const { body } = await signIn();
    const cookie = `${name}=${'x'.repeat(43)}`;
    const alone = await logout({ cookie });
    expect([alone.reason, alone.value]).toEqual(['auth.failure.invalid_credentials', '']);
    const { accessToken: token } = body.data[fields.signIn];
    expect((await logout({ token, cookie })).body.data[fields.logout]).toBe(true);
    expect(await endOf(sidOf(body.data[fields.signIn]))).toBe('logout');
  });

  it('ending the session of the cookie clears it, ending another leaves it', async () => {
    const [one, two] = [await signIn(), await signIn()];
    const token = one.body.data[fields.signIn].accessToken;
    const end = (ended: typeof one, options: object = {}) =>
      ask(
        `mutation ($id: ID!) { ${fields.endOne}(id: $id) }`,
        { id: sidOf(ended.body.data[fields.signIn]) },
        { token, cookie: `${name}=${one.value}`, ...options },
      );
    expect((await end(two)).set).toEqual([]);
    const { body, set } = await end(one);
    expect(body.data).toEqual({ [fields.endOne]: true });
    expect(set).toEqual([`${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict`]);
    const [three, four] = [await signIn(), await signIn()];
    const other = { token: three.body.data[fields.signIn].accessToken, cookie: `${name}=${four.value}` };
    expect((await end(three, other)).set).toEqual([]); // A tab that signed in later keeps its session.
    expect((await refresh({ cookie: `${name}=${four.value}` })).reason).toBeUndefined();
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

it('register sets the cookie of a customer', { timeout: 60_000 }, async () => {
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
