import { cacheExchange, createClient as createUrqlClient, fetchExchange } from '@urql/core';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  ada,
  createFakeEntrance,
  me,
  payload,
  refusal,
  stubDocument,
  tokenOf,
  url,
} from './fake-entrance.test-support.ts';
import { readAnswerError, type StoredTokens } from './index.ts';
import { followSession, signetExchange } from './urql.ts';

const entrance = createFakeEntrance();
const { makeClient } = entrance;

describe('in an app', () => {
  test('a store that fails rejects nothing, and is asked again', async () => {
    let isLocked = true;
    const stored: StoredTokens = { refreshToken: 'refresh' };
    const client = makeClient({
      store: {
        read: () => {
          if (isLocked) throw new Error('the keychain is locked');
          return stored;
        },
        write: () => undefined,
      },
    });
    const error = { kind: 'internal', message: 'the keychain is locked' };
    expect(await client.session.ready()).toMatchObject({ status: 'unknown', error });
    expect(await client.signIn(ada)).toMatchObject({
      ok: false,
      error,
    });
    expect(await client.signOut()).toMatchObject({ ok: false, error });
    expect(await client.request(me)).toMatchObject({ data: null, errors: [{}] });
    isLocked = false;
    entrance.answers.refresh = () => payload(tokenOf('ada'));
    expect((await client.request(me)).errors).toEqual([]);
  });

  test('sign-out ends the session by the refresh token alone: an access token that has expired would be refused', async () => {
    entrance.answers.signIn = () => payload(tokenOf('ada'), 0);
    entrance.answers.signOut = ({ bearer }) =>
      bearer ? refusal('auth.failure.expired') : Response.json({ data: { result: true } });
    const client = makeClient();
    await client.signIn(ada);
    expect(await client.signOut()).toMatchObject({ ok: true });
    // It goes on when the page is left at once.
    expect(entrance.sent.at(-1)).toMatchObject({
      operation: 'signOut',
      bearer: undefined,
      init: { keepalive: true },
    });
  });

  test('a listener that throws costs neither the session nor the other listeners', async () => {
    vi.spyOn(console, 'error').mockReturnValue(undefined);
    entrance.answers.signIn = () => payload(tokenOf('ada'));
    const client = makeClient();
    await client.session.ready();
    const heard: string[] = [];
    client.session.subscribe(() => {
      throw new Error('a fault of the page');
    });
    client.session.subscribe(({ status }) => heard.push(status));
    expect(await client.signIn(ada)).toMatchObject({ ok: true });
    expect(heard).toEqual(['signed-in']);
    vi.restoreAllMocks();
  });

  test('what nobody asked for renews no token: it is sent with the one that is there, and not without', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    try {
      entrance.answers.signIn = () => payload(tokenOf('ada'), 600);
      entrance.answers.refresh = () => payload(tokenOf('ada'), 600);
      const client = makeClient();
      await client.signIn({ email: 'ada@example.com', password: 'x' });
      const start = entrance.sent.length;
      const operations = () => entrance.sent.slice(start).map(({ operation }) => operation);
      const idle = () => client.request(me, {}, { idle: true });
      // The last minute is when any other operation would renew it.
      vi.advanceTimersByTime(580_000);
      expect((await idle()).data).toEqual({ me: { email: 'ada@example.com' } });
      vi.advanceTimersByTime(30_000);
      expect(await idle()).toEqual({ data: null, errors: [] });
      expect(operations()).toEqual(['me']);
      await client.request(me);
      expect(operations()).toEqual(['me', 'refresh', 'me']);
      entrance.answers.me = () => refusal('auth.failure.revoked');
      expect((await idle()).errors[0]?.reason).toBe('auth.failure.revoked');
      expect(operations()).toEqual(['me', 'refresh', 'me', 'me']);
    } finally {
      vi.useRealTimers();
    }
  });

  test('gives its token to no other origin', async () => {
    entrance.answers.signIn = () => payload(tokenOf('ada'));
    const client = makeClient({ headers: { 'x-tenant': 'demo' } });
    await client.signIn(ada);
    await client.fetch('https://cdn.example/list.json');
    await client.fetch(new Request('https://api.shop.example.evil.example/graphql'));
    for (const { bearer, headers } of entrance.sent.slice(-2)) {
      expect(bearer).toBeUndefined();
      expect(headers.get('x-tenant')).toBeNull();
    }
    await client.fetch(new Request(url, { method: 'POST', body: '{}' }));
    expect(entrance.sent.at(-1)?.bearer).toBeDefined();
    // A page's `<base>` does not change where it goes.
    vi.stubGlobal('location', new URL('https://api.shop.example/orders/'));
    await client.fetch('list.json');
    expect(entrance.sent.at(-1)).toMatchObject({
      operation: 'https://api.shop.example/orders/list.json',
      bearer: expect.any(String),
    });
  });

  test('a renewal that is under way does not take the place of who acts as a customer', async () => {
    const own = tokenOf('staff as customer');
    const acting = tokenOf('customer', { act: { sub: 'staff' } });
    let answer = (_response: Response): void => undefined;
    entrance.answers.signIn = () => payload(own);
    entrance.answers.beginImpersonation = () => payload(acting);
    entrance.answers.refresh = () => new Promise((resolve) => (answer = resolve));
    const client = makeClient({
      store: { read: () => ({ refreshToken: 'refresh' }), write: () => undefined },
    });
    const ready = client.session.ready();
    await expect.poll(() => entrance.sent.length).toBe(1);
    answer(payload(own));
    await ready;
    void client.session.refresh();
    await expect.poll(() => entrance.sent.length).toBe(2);
    const borrowed = client.actAsCustomer('grant');
    answer(payload(own));
    expect(await borrowed).toMatchObject({ ok: true, value: { id: 'customer', actedBy: 'staff' } });
    await client.request(me);
    expect(entrance.sent.at(-1)?.bearer).toBe(acting);
  });

  test('who acts as a customer sees when that ends, and it ends by itself', async () => {
    const acting = tokenOf('customer', { act: { sub: 'staff' } });
    entrance.answers.beginImpersonation = () => payload(acting, 0.2);
    const client = makeClient();
    await client.actAsCustomer('grant');
    const state = client.session.current();
    const leftMs = state.status === 'signed-in' ? (state.endsAt ?? 0) - Date.now() : Number.NaN;
    expect(leftMs).toBeLessThanOrEqual(200);
    await expect
      .poll(() => client.session.current())
      .toEqual({ status: 'signed-out', reason: 'auth.failure.expired' });
  });

  test('adding a passkey asks for a recent sign-in where auth wants one, and goes on', async () => {
    let isRecent = false;
    entrance.answers.signIn = () => payload(tokenOf('ada'));
    entrance.answers.beginPasskeyRegistration = () =>
      isRecent ? Response.json({ data: { result: {} } }) : refusal('authz.step_up.required');
    const client = makeClient({ onStepUp: async () => (isRecent = true) });
    await client.signIn({ email: 'ada@example.com', password: 'x' });
    // There is no authenticator here: the options have come that far.
    expect(await client.passkeys.add('key')).toMatchObject({ error: { kind: 'passkey' } });
    expect(entrance.sent.filter(({ operation }) => operation === 'beginPasskeyRegistration').length).toBe(2);
  });

  test('a signed-in person confirms an address by their session, and the token says so afterwards', async () => {
    const [before, after] = [tokenOf('ada'), tokenOf('ada', { email_verified: true })];
    entrance.answers.signIn = () => payload(before);
    entrance.answers.refresh = () => payload(after);
    entrance.answers.verifyEmail = () =>
      Response.json({ data: { result: { verified: true, next: 'NONE', tokens: null } } });
    const client = makeClient();
    await client.verifyEmail({ token: 'link' });
    expect(entrance.sent.at(-1)).toMatchObject({ operation: 'verifyEmail', bearer: undefined });
    await client.signIn({ email: 'ada@example.com', password: 'x' });
    await client.verifyEmail({ token: 'link' });
    expect(entrance.sent.find(({ bearer }) => bearer === before)).toMatchObject({ operation: 'verifyEmail' });
    expect(client.session.current()).toMatchObject({ account: { emailVerified: true } });
  });
});

test('the cache of one account is not shown to the next one by urql', async () => {
  const client = makeClient();
  const make = () =>
    createUrqlClient({
      url: client.url,
      preferGetMethod: false,
      exchanges: [cacheExchange, signetExchange(client), fetchExchange],
    });
  let urql = make();
  const stop = followSession(client, () => {
    urql = make();
  });
  const ask = async () => (await urql.query(me, {}).toPromise()).data?.me.email;
  for (const id of ['ada', 'bob']) {
    const token = tokenOf(id);
    entrance.answers.signIn = () => payload(token);
    entrance.answers.me = ({ bearer }) =>
      Response.json({ data: { me: { email: bearer === token ? id : 'other' } } });
    await client.signIn({ email: `${id}@example.com`, password: 'x' });
    expect(await ask()).toBe(id);
  }
  stop();
});

test('a Retry-After that is a date is no number of seconds', () => {
  const error = { extensions: { code: 'RATE_LIMITED' } };
  expect(readAnswerError(error, Number('Sun, 29 Nov 2026 12:00:00 GMT'))).toMatchObject({
    retryAfterSeconds: 1,
  });
});

describe('in tabs', () => {
  beforeEach(() => {
    stubDocument();
  });

  test('an operation is not sent again as somebody else, who has signed in meanwhile', async () => {
    const [adas, bobs] = [tokenOf('ada'), tokenOf('bob')];
    entrance.answers.signIn = () => payload(adas);
    const client = makeClient({ onStepUp: async () => (await client.session.refresh()) === undefined });
    await client.signIn(ada);
    entrance.answers.refresh = () => payload(bobs);
    for (const reason of ['auth.failure.revoked', 'authz.step_up.required']) {
      entrance.answers.me = ({ bearer }) => (bearer === adas ? refusal(reason) : Response.json({ data: {} }));
      expect(await client.request(me)).toMatchObject({ errors: [{ reason }] });
      expect(entrance.sent.at(-1)).toMatchObject({ operation: 'refresh' });
      expect(client.session.current()).toMatchObject({ account: { id: 'bob' } });
      entrance.answers.signIn = () => payload(adas);
      await client.signIn(ada);
    }
  });

  describe('what one person began is not done as the next, who has signed in meanwhile:', () => {
    const [adas, bobs] = [tokenOf('ada'), tokenOf('bob')];
    const another = { ok: false, error: { reason: 'client.another_account' } };
    beforeEach(() => {
      vi.stubGlobal('PublicKeyCredential', { parseCreationOptionsFromJSON: (options: object) => options });
      entrance.answers.signIn = () => payload(adas, 0);
      entrance.answers.refresh = () => payload(bobs);
      entrance.answers.beginPasskeyRegistration = () => Response.json({ data: { result: {} } });
    });
    const countOfBob = () => entrance.sent.filter(({ bearer }) => bearer === bobs).length;

    test('a password is changed, or proved again', async () => {
      const client = makeClient();
      for (const press of [
        () => client.changePassword({ currentPassword: 'a', newPassword: 'b' }),
        () => client.reauthenticate({ password: 'a' }),
      ]) {
        await client.signIn(ada);
        expect(await press()).toMatchObject(another);
      }
      expect(countOfBob()).toBe(0);
    });

    test('a passkey is added, while its token is renewed', async () => {
      const client = makeClient();
      await client.signIn(ada);
      expect(await client.passkeys.add('key')).toMatchObject(another);
      expect(countOfBob()).toBe(0);
    });

    test.each(['while the browser asks for it', 'while its answer comes, with codes that are shown once'])(
      'a passkey is added, %s',
      async (when) => {
        const client = makeClient();
        entrance.answers.signIn = () => payload(adas);
        const switchToBob = async () => void (await client.session.refresh());
        vi.stubGlobal('navigator', {
          locks: navigator.locks,
          credentials: {
            async create() {
              if (when.includes('browser')) await switchToBob();
              return { toJSON: () => ({}) };
            },
          },
        });
        entrance.answers.finishPasskeyRegistration = async () => {
          await switchToBob();
          return Response.json({ data: { result: { recoveryCodes: ['secret'] } } });
        };
        await client.signIn(ada);
        expect(await client.passkeys.add('key')).toMatchObject(another);
        expect(client.session.current()).toMatchObject({ account: { id: 'bob' } });
        expect(countOfBob()).toBe(0);
      },
    );
  });

  test('who acts as a customer sends no cookie of their own, and can stop', async () => {
    entrance.answers.beginImpersonation = () => payload(tokenOf('customer', { act: { sub: 'staff' } }));
    entrance.answers.signOut = ({ headers }) =>
      headers.has('signet-session')
        ? refusal('authz.caller.deny', 403)
        : Response.json({ data: { result: true } });
    const client = makeClient();
    await client.actAsCustomer('grant');
    expect(await client.signOut()).toMatchObject({ ok: true });
    expect(entrance.sent.at(-1)).toMatchObject({ operation: 'signOut', init: { credentials: 'omit' } });
  });

  test('a hidden tab, whose timers wait for a second each, does not hold the lock for long', async () => {
    const setTimeoutNow = globalThis.setTimeout;
    const [front, hidden] = [makeClient(), makeClient()];
    entrance.answers.refresh = () => {
      throw new TypeError('offline');
    };
    let timers = 0;
    vi.stubGlobal('setTimeout', (work: () => void, ms: number) => {
      timers += 1;
      return setTimeoutNow(work, ms);
    });
    await Promise.all([front.session.ready(), hidden.session.ready()]);
    expect(entrance.sent.filter(({ operation }) => operation === 'refresh').length).toBeGreaterThan(1);
    expect(timers).toBeLessThan(8);
  });

  test('a client that was closed says nothing more, and asks nothing more', async () => {
    let answer = (_response: Response): void => undefined;
    entrance.answers.refresh = () => new Promise((resolve) => (answer = resolve));
    const client = makeClient();
    const ready = client.session.ready();
    await expect.poll(() => entrance.sent.length).toBe(1);
    client.close();
    answer(payload(tokenOf('ada')));
    expect(await ready).toMatchObject({ status: 'signed-in' });

    const other = makeClient();
    const state = other.session.ready();
    await expect.poll(() => entrance.sent.length).toBe(2);
    other.close();
    answer(refusal('auth.unavailable', 503));
    expect(await state).toMatchObject({ status: 'unknown' });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(entrance.sent.length).toBe(2);
  });
});
