import type { GraphqlAnswer } from '@signet/testing';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accountOperations,
  expectOneWinner,
  newAddress,
} from '../testing/account-operations.test-support.ts';
import { addCustomer } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { mailSettings, readMails, tokenOf } from '../testing/mails.test-support.ts';
import { endReasons, trySignIn } from '../testing/session-operations.test-support.ts';

const operation = `mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }`;
const password = 'a password of some length';
const newPassword = 'twelve blue plums in a boat';

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth(mailSettings);
});
afterAll(() => auth.stop());

const { verify, requestReset, reset, requestVerification, tokenTo } = accountOperations(() => auth, 'user');
const askRegister = (input: object, address = newAddress()) =>
  auth.ask(operation, { input: { password, ...input } }, { address });
type Challenge = { id: string; methods: string[]; expiresAt: string };
async function register(email: string, more: object = {}): Promise<Challenge> {
  return challengeOf((await askRegister({ email, ...more })).body);
}
function challengeOf({ errors }: GraphqlAnswer['body']): Challenge {
  expect(errors?.[0]?.extensions.reason).toBe('auth.challenge_required');
  const extensions = errors?.[0]?.extensions as { challenge?: Challenge } | undefined;
  return extensions?.challenge as Challenge;
}
const accountsOf = (email: string) =>
  auth.database.query(`select * from auth.user where email = $1`, [email]);
const signIn = (email: string, word: string) => trySignIn(auth, 'login', { id: '', email, password: word });
let last = 0;
function newEmail(): string {
  last += 1;
  return `person${last}@example.com`;
}

describe('register, with mail', () => {
  it('makes no account before the mail is answered, and then signs in the browser that registered', async () => {
    const email = newEmail();
    const { id, methods, expiresAt } = await register(email, { fullName: 'A Person', language: 'de' });
    expect([id, methods]).toEqual([expect.stringMatching(/^[\w-]{43}$/), ['email']]);
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(23 * 3_600_000);
    expect(await accountsOf(email)).toEqual([]);
    expect(await signIn(email, password)).toBeUndefined();
    const token = await tokenTo(email, 'verify-email');
    const { data } = await verify({ token, challenge: id });
    expect(data).toMatchObject({ verified: true, next: 'NONE' });
    const { tokens } = data as { tokens: { accessToken: string; deviceToken: string } };
    expect(decodeJwt(tokens.accessToken)).toMatchObject({ email, email_verified: true });
    expect(tokens.deviceToken).toMatch(/^[\w.-]+$/);
    expect((await accountsOf(email))[0]).toMatchObject({
      full_name: 'A Person',
      language: 'de',
      email_verified: true,
    });
    expect(await signIn(email, password)).toBeDefined();
    expect(await verify({ token, challenge: id })).toEqual({ reason: 'input.token' });
  });

  it('stores neither the token nor the challenge', async () => {
    const email = newEmail();
    const { id } = await register(email);
    const token = await tokenTo(email, 'verify-email');
    const rows = JSON.stringify([
      await auth.database.query(
        'select *, encode(token_hash, $1), encode(challenge_hash, $1) from auth.user_registration',
        ['escape'],
      ),
      await auth.database.query(`select *, encode(sealed_content, $1) from auth.user_mail`, ['escape']),
    ]);
    expect(rows).not.toContain(id);
    expect(rows).not.toContain(token);
    expect(auth.statements.join()).not.toContain(token);
  });

  it('answers with the same bytes for a free, a taken, a waiting and a deactivated address', async () => {
    const [taken, waiting, inactive, unverified] = [newEmail(), newEmail(), newEmail(), newEmail()];
    const tenantId = auth.tenants.demo;
    const { id } = await addCustomer(auth.database, { tenantId, email: taken });
    await auth.database.query(`update auth.user set email_verified = true where id = $1`, [id]);
    await addCustomer(auth.database, { tenantId, email: inactive, isActive: false });
    await addCustomer(auth.database, { tenantId, email: unverified });
    await register(waiting);
    const shown = new Set<string>();
    for (const email of [newEmail(), taken, waiting, inactive, unverified]) {
      const { status, body, headers } = await askRegister({ email });
      const challenge = challengeOf(body);
      const text = JSON.stringify(body).replace(challenge.id, 'x'.repeat(challenge.id.length));
      const kept = [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id');
      shown.add(
        JSON.stringify([
          status,
          text.replace(challenge.expiresAt, 'x'.repeat(challenge.expiresAt.length)),
          kept,
        ]),
      );
    }
    expect([...shown]).toHaveLength(1);
    const templates = async (email: string) =>
      (await readMails(auth, 'user', email)).map(({ template }) => template);
    expect([await templates(taken), await templates(inactive), await templates(unverified)]).toEqual([
      ['account-exists'],
      ['account-exists'],
      ['verify-email'],
    ]);
    expect(await accountsOf(taken)).toHaveLength(1);
  });

  it('sends the owner of a taken address no link that carries a token', async () => {
    const email = newEmail();
    const { id } = await addCustomer(auth.database, { tenantId: auth.tenants.demo, email });
    await auth.database.query(`update auth.user set email_verified = true where id = $1`, [id]);
    await register(email);
    const [mail] = await readMails(auth, 'user', email);
    expect(mail?.values.link).toBe('https://shop.example/app/sign-in');
  });

  it('is ended once: of 200 uses of its link at once exactly one succeeds', async () => {
    const email = newEmail();
    const { id } = await register(email);
    const token = await tokenTo(email, 'verify-email');
    const answers = await Promise.all(Array.from({ length: 200 }, () => verify({ token, challenge: id })));
    expectOneWinner(answers);
    expect(await accountsOf(email)).toHaveLength(1);
  });

  it('is ended in another browser with the password, or a new one, and not by the link alone', async () => {
    const [one, two] = [newEmail(), newEmail()];
    await register(one);
    await register(two);
    const [first, second] = [await tokenTo(one, 'verify-email'), await tokenTo(two, 'verify-email')];
    expect(await verify({ token: first })).toEqual({
      data: { verified: false, next: 'GIVE_PASSWORD', tokens: null },
    });
    expect(await verify({ token: first, challenge: 'x'.repeat(43) })).toMatchObject({
      data: { verified: false },
    });
    expect(await verify({ token: first, password: 'a wrong password' })).toEqual({
      reason: 'input.password',
    });
    expect(await accountsOf(one)).toEqual([]);
    expect(await verify({ token: first, password })).toMatchObject({ data: { verified: true } });
    expect(await verify({ token: second, newPassword })).toMatchObject({ data: { verified: true } });
    expect([await signIn(two, password), await signIn(two, newPassword)]).toEqual([
      undefined,
      expect.anything(),
    ]);
  });

  it('is ended in its own tenant and in its own time only', async () => {
    const email = newEmail();
    const { id: challenge } = await register(email);
    const token = await tokenTo(email, 'verify-email');
    expect(await verify({ token, challenge }, { tenant: 'globex' })).toEqual({ reason: 'input.token' });
    expect(await accountOperations(() => auth, 'portal').verify({ token, challenge })).toEqual({
      reason: 'input.token',
    });
    auth.clock.aheadSeconds = 24 * 3600 + 1;
    try {
      expect(await verify({ token, challenge })).toEqual({ reason: 'input.token' });
    } finally {
      auth.clock.aheadSeconds = 0;
    }
    expect(await accountsOf(email)).toEqual([]);
  });

  it.each([
    ['email', { email: 'nobody' }],
    ['email', { email: 'a@b.example\r\nBcc: c@d.example' }],
    ['email', { email: `${'x'.repeat(10_000)}@example.com` }],
    ['password', { email: 'a@example.com', password: 'short' }],
    ['fullName', { email: 'a@example.com', fullName: 'A\r\nBcc: c@d.example' }],
    ['language', { email: 'a@example.com', language: 'de\r\nX: y' }],
  ])('refuses a bad %s, and sends nothing', async (field, input) => {
    const { body } = await askRegister(input);
    expect(body.errors?.[0]?.extensions.reason).toBe(`input.${field}`);
    expect(await readMails(auth, 'user', 'a@example.com')).toEqual([]);
  });

  it('keeps a look-alike of another alphabet apart, and one domain in two spellings together', async () => {
    const latin = 'victim@example.com';
    const cyrillic = 'viсtim@example.com';
    const { id } = await addCustomer(auth.database, { tenantId: auth.tenants.demo, email: latin });
    await auth.database.query(`update auth.user set email_verified = true where id = $1`, [id]);
    await register(cyrillic);
    expect(await readMails(auth, 'user', latin)).toEqual([]);
    expect((await readMails(auth, 'user', cyrillic))[0]?.template).toBe('verify-email');
    await register('me@bücher.example');
    expect(await readMails(auth, 'user', 'me@xn--bcher-kva.example')).toHaveLength(1);
  });
});

/** The attacks of "Pre-hijacked accounts" (Sudhodanan and Paverd, USENIX Security 2022) that there is a place for here. */
describe('an account made before its owner came', () => {
  /** As a stranger left it, before mail was configured or by an import. */
  const prepare = async () => {
    const email = newEmail();
    const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo, email });
    return { email, account, stranger: await auth.signIn('login', account) };
  };
  const assertGone = async ({ account, stranger, email }: Awaited<ReturnType<typeof prepare>>) => {
    expect(await endReasons(auth, 'user', account.id)).toContain('password');
    const { body } = await auth.ask(
      'mutation ($input: RefreshInput) { refresh(input: $input) { accessToken } }',
      { input: { refreshToken: stranger.refreshToken } },
    );
    expect(body.errors?.[0]?.extensions.reason).toBe('auth.failure.revoked');
    expect(await signIn(email, account.password)).toBeUndefined();
  };

  it('gives way to a registration: the session that waited for its owner is dead (unexpired session)', async () => {
    const before = await prepare();
    const { id: challenge } = await register(before.email, { fullName: 'The Owner' });
    // Registering alone changes nothing: this could be another stranger.
    expect(await signIn(before.email, before.account.password)).toBeDefined();
    const token = await tokenTo(before.email, 'verify-email');
    expect(await verify({ token, challenge })).toMatchObject({ data: { verified: true } });
    await assertGone(before);
    expect(await signIn(before.email, password)).toBeDefined();
    expect((await accountsOf(before.email))[0]).toMatchObject({
      id: before.account.id,
      full_name: 'The Owner',
    });
  });

  it('gives way to a reset of the password, with the second factor that the stranger added (trojan identifier)', async () => {
    const before = await prepare();
    await auth.database.query(
      `insert into auth.user_totp (id, tenant_id, account_id, sealed_secret, pepper_id, confirmed_at)
       values (gen_random_uuid(), $1, $2, 'sealed', 'pepper', now())`,
      [auth.tenants.demo, before.account.id],
    );
    await requestReset({ email: before.email });
    const token = await tokenTo(before.email, 'reset-password');
    expect(await reset({ token, newPassword })).toMatchObject({ data: { endedSessions: 1 } });
    await assertGone(before);
    expect(
      await auth.database.query('select id from auth.user_totp where account_id = $1', [before.account.id]),
    ).toEqual([]);
    expect(await signIn(before.email, newPassword)).toBeDefined();
  });

  it('takes no change of the e-mail that the stranger began (unexpired e-mail change)', async () => {
    const before = await prepare();
    const mine = accountOperations(() => auth, 'user');
    const away = newEmail();
    expect(await mine.changeEmail({ newEmail: away }, { token: before.stranger.accessToken })).toEqual({
      data: true,
    });
    const change = await tokenTo(away, 'email-change');
    await requestReset({ email: before.email });
    await reset({ token: await tokenTo(before.email, 'reset-password'), newPassword });
    expect(await mine.confirmEmail({ token: change, password: before.account.password })).toEqual({
      reason: 'input.token',
    });
    expect(await accountsOf(before.email)).toHaveLength(1);
  });

  it('is not made good by its owner, who opens the link of the mail that the stranger asked for', async () => {
    const before = await prepare();
    expect(await requestVerification({ token: before.stranger.accessToken })).toEqual({ data: true });
    const token = await tokenTo(before.email, 'verify-email');
    expect(await verify({ token })).toMatchObject({ data: { verified: false, next: 'GIVE_PASSWORD' } });
    expect((await accountsOf(before.email))[0]).toMatchObject({ email_verified: false });
    expect(await verify({ token, newPassword })).toMatchObject({ data: { verified: true } });
    await assertGone(before);
  });

  it('is not made by its owner, who opens the link of a stranger’s registration', async () => {
    const email = newEmail();
    await register(email, { password: 'the password of a stranger' });
    const theirs = await tokenTo(email, 'verify-email');
    expect(await verify({ token: theirs })).toMatchObject({ data: { verified: false } });
    const { id: challenge } = await register(email);
    const mails = await readMails(auth, 'user', email);
    expect(await verify({ token: tokenOf(mails.at(-1)), challenge })).toMatchObject({
      data: { verified: true },
    });
    // What others asked for with this address is void.
    expect(await verify({ token: theirs, password: 'the password of a stranger' })).toEqual({
      reason: 'input.token',
    });
    expect([await signIn(email, password), await signIn(email, 'the password of a stranger')]).toEqual([
      expect.anything(),
      undefined,
    ]);
  });

  it('that staff deactivated does not come back by a registration', async () => {
    const { email, account } = await prepare();
    const { id: challenge } = await register(email);
    const token = await tokenTo(email, 'verify-email');
    await auth.database.query('update auth.user set is_active = false where id = $1', [account.id]);
    expect(await verify({ token, challenge })).toEqual({ reason: 'input.token' });
    expect((await accountsOf(email))[0]).toMatchObject({ is_active: false, email_verified: false });
  });
});
