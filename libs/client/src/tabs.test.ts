import { setMaxListeners } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  ada,
  answerLater,
  createFakeEntrance,
  me,
  payload,
  refusal,
  stubDocument,
  tokenOf,
  url,
} from './fake-entrance.test-support.ts';
import { followAccount } from './follow-account.ts';
import type { SignetClient, StoredTokens } from './index.ts';

const entrance = createFakeEntrance();
const { makeClient } = entrance;
const statusOf = (client: SignetClient) => client.session.current().status;
let document: ReturnType<typeof stubDocument>;

beforeEach(() => {
  document = stubDocument();
  setMaxListeners(100, document);
});

/** Clients that are signed in and whose tokens are over. */
async function makeExpiredTabs(count: number): Promise<SignetClient[]> {
  vi.useFakeTimers({ toFake: ['Date'] });
  entrance.answers.signIn = () => payload(tokenOf('ada'));
  const tabs = Array.from({ length: count }, () => makeClient());
  await Promise.all(tabs.map((tab) => tab.session.ready()));
  entrance.answers.refresh = () => payload(tokenOf('ada'));
  await tabs[0]?.signIn(ada);
  await expect.poll(() => tabs.every((tab) => statusOf(tab) === 'signed-in')).toBe(true);
  vi.setSystemTime(Date.now() + 3_600_000);
  entrance.sent = [];
  return tabs;
}

describe('where auth asks to be left alone', () => {
  test.each([
    ['auth.throttled', 429, 'throttled'],
    ['auth.unavailable', 503, 'unavailable'],
  ] as const)(
    '%s: twenty tabs with many operations ask once, and say when to try again',
    async (reason, status, kind) => {
      const tabs = await makeExpiredTabs(20);
      entrance.answers.refresh = () => refusal(reason, status, 120);
      const ask = () => Promise.all(tabs.flatMap((tab) => [tab.request(me), tab.request(me)]));
      for (const { errors } of [...(await ask()), ...(await ask())]) {
        expect(errors).toMatchObject([{ kind, reason, retryAfterSeconds: expect.toBeOneOf([119, 120]) }]);
      }
      expect(entrance.sent.map(({ operation }) => operation)).toEqual(['refresh']);
      expect(tabs.map(statusOf)).toEqual(tabs.map(() => 'signed-in'));

      // What tabs told each other has arrived, before the clock jumps.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      vi.setSystemTime(Date.now() + 100_000);
      expect((await tabs[7]?.request(me))?.errors).toMatchObject([{ retryAfterSeconds: 20 }]);
      vi.setSystemTime(Date.now() + 21_000);
      entrance.answers.refresh = () => payload(tokenOf('ada'));
      expect((await ask()).flatMap(({ errors }) => errors)).toEqual([]);
      expect(entrance.count('refresh')).toBe(2);
    },
  );

  test('a tab that did nothing at that time knows it too', async () => {
    const [one, other] = (await makeExpiredTabs(2)) as [SignetClient, SignetClient];
    entrance.answers.refresh = () => refusal('auth.throttled', 429, 120);
    await one.request(me);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await other.request(me)).toMatchObject({ errors: [{ kind: 'throttled' }] });
    expect(entrance.count('refresh')).toBe(1);
  });

  test('a token that is still usable is renewed no sooner beside operations', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    entrance.answers.signIn = () => payload(tokenOf('ada'));
    const client = makeClient();
    await client.signIn(ada);
    entrance.sent = [];
    vi.setSystemTime(Date.now() + 570_000);
    entrance.answers.refresh = () => refusal('auth.throttled', 429, 20);
    for (let n = 0; n < 5; n += 1) expect((await client.request(me)).errors).toEqual([]);
    await client.session.refresh();
    expect(entrance.count('refresh')).toBe(1);
  });

  test('a page that was just opened waits for as long', async () => {
    entrance.answers.refresh = () => refusal('auth.unavailable', 503, 3);
    const client = makeClient();
    expect(await client.session.ready()).toMatchObject({
      error: { kind: 'unavailable', retryAfterSeconds: 3 },
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(entrance.count('refresh')).toBe(1);
    entrance.answers.refresh = () => payload(tokenOf('ada'));
    await expect.poll(() => statusOf(client)).toBe('signed-in');
    expect(entrance.count('refresh')).toBe(2);
  });

  test('no answer, a proxy for example, keeps it waiting for longer than ten minutes; a sign-in never waits', async () => {
    const [client] = await makeExpiredTabs(1);
    entrance.answers.refresh = () => refusal('auth.unavailable', 503, 86_400);
    expect(await client?.request(me)).toMatchObject({ errors: [{ kind: 'unavailable' }] });
    vi.setSystemTime(Date.now() + 601_000);
    await client?.request(me);
    expect(entrance.count('refresh')).toBe(2);
    expect(await client?.signIn(ada)).toMatchObject({ ok: true });
    expect((await client?.request(me))?.errors).toEqual([]);
  });
});

describe('a page looks again', () => {
  async function makeEndedElsewhere(): Promise<SignetClient> {
    vi.useFakeTimers({ toFake: ['Date'] });
    entrance.answers.signIn = () => payload(tokenOf('ada'));
    const client = makeClient();
    await client.signIn(ada);
    entrance.answers.refresh = () => refusal('auth.failure.revoked');
    return client;
  }
  const turn = (visibilityState: string) => {
    document.visibilityState = visibilityState;
    document.dispatchEvent(new Event('visibilitychange'));
  };

  test('when it comes to the front after a minute, and not sooner', async () => {
    const client = await makeEndedElsewhere();
    turn('hidden');
    vi.setSystemTime(Date.now() + 30_000);
    turn('visible');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(statusOf(client)).toBe('signed-in');
    turn('hidden');
    vi.setSystemTime(Date.now() + 61_000);
    turn('visible');
    await expect.poll(() => statusOf(client)).toBe('signed-out');
  });

  test('when the browser shows a kept copy of it (bfcache), which heard nothing meanwhile', async () => {
    const events = new EventTarget();
    vi.stubGlobal('addEventListener', events.addEventListener.bind(events));
    const client = await makeEndedElsewhere();
    events.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    await expect.poll(() => statusOf(client)).toBe('signed-out');
    // And where somebody signed in meanwhile.
    entrance.answers.refresh = () => payload(tokenOf('bob'));
    events.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    await expect.poll(() => client.session.current()).toMatchObject({ account: { id: 'bob' } });
  });

  test('when it is online again', async () => {
    const events = new EventTarget();
    vi.stubGlobal('addEventListener', events.addEventListener.bind(events));
    entrance.answers.refresh = () => {
      throw new TypeError('offline');
    };
    const client = makeClient();
    expect(await client.session.ready()).toMatchObject({ status: 'unknown', error: { kind: 'network' } });
    entrance.answers.refresh = () => payload(tokenOf('ada'));
    events.dispatchEvent(new Event('online'));
    await expect.poll(() => statusOf(client), { timeout: 900 }).toBe('signed-in');
  });
});

describe('where the browser gives less', () => {
  const refused = () => {
    throw new DOMException('not in a sandboxed frame', 'SecurityError');
  };

  test.each([
    ['no BroadcastChannel', { BroadcastChannel: undefined }],
    ['a BroadcastChannel that throws', { BroadcastChannel: refused }],
    ['no Web Locks', { navigator: {} }],
    ['Web Locks that throw', { navigator: { locks: { request: refused } } }],
    ['Web Locks that refuse', { navigator: { locks: { request: () => Promise.reject(new Error('no')) } } }],
    ['neither', { BroadcastChannel: refused, navigator: undefined }],
    ['no storage', { localStorage: undefined, sessionStorage: undefined, indexedDB: undefined }],
  ])('%s: signs in, renews once, signs out', async (_what, globals) => {
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    entrance.answers.signIn = () => payload(tokenOf('ada'), 0);
    const client = makeClient();
    expect(await client.signIn(ada)).toMatchObject({ ok: true });
    entrance.answers.refresh = () => payload(tokenOf('ada'));
    entrance.sent = [];
    await Promise.all([client.request(me), client.request(me)]);
    expect(entrance.count('refresh')).toBe(1);
    expect(await client.signOut()).toMatchObject({ ok: true });
    expect(await client.request(me)).toBeDefined();
    expect(entrance.sent.at(-1)?.bearer).toBeUndefined();
  });

  test('a work that fails under the lock runs once', async () => {
    const client = makeClient({
      store: {
        read: () => {
          reads += 1;
          throw new Error('the keychain is locked');
        },
        write: () => undefined,
      },
    });
    let reads = 0;
    await client.session.refresh();
    // At the start, and by `refresh`.
    expect(reads).toBe(2);
  });

  test('a frozen tab that holds the lock holds up the others for no longer than a request may take', async () => {
    const spy = vi.spyOn(AbortSignal, 'timeout');
    let thaw = (): void => undefined;
    const name = `signet:user:${url}`;
    void navigator.locks.request(name, () => new Promise<void>((resolve) => (thaw = resolve)));
    spy.mockImplementation((ms) => {
      expect(ms).toBeGreaterThanOrEqual(30_000);
      const controller = new AbortController();
      setTimeout(() => controller.abort(new DOMException('over', 'TimeoutError')), ms / 500);
      return controller.signal;
    });
    const client = makeClient();
    expect(await client.session.ready()).toEqual({ status: 'signed-out' });
    thaw();
    vi.restoreAllMocks();
  });
});

describe('clients do not mix', () => {
  test('of another entrance, or of another platform, at one origin', async () => {
    entrance.answers.signIn = () => payload(tokenOf('ada'));
    const client = makeClient();
    const others = [makeClient({ platform: 'portal' }), makeClient({ url: 'https://other.example/graphql' })];
    await Promise.all([client, ...others].map((one) => one.session.ready()));
    await client.signIn(ada);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(others.map(statusOf)).not.toContain('signed-in');
    for (const other of others) {
      await other.request(me);
      expect(entrance.sent.at(-1)?.bearer).toBeUndefined();
    }
  });

  test('with a tab that says what this version does not know', async () => {
    entrance.answers.signIn = () => payload(tokenOf('ada'));
    const client = makeClient();
    await client.signIn(ada);
    const stranger = new BroadcastChannel(`signet:user:${url}`);
    const heard: unknown[] = [];
    stranger.onmessage = (event) => heard.push((event as { data: unknown }).data);
    const messages = [
      null,
      'text',
      {},
      { kind: 'token' },
      { kind: 'token', accessToken: 'x', remainingMs: 60_000 },
      { kind: 'pause' },
      { kind: 'news' },
    ];
    for (const message of messages) stranger.postMessage(message);
    stranger.postMessage({ kind: 'ask' });
    await expect.poll(() => heard).toMatchObject([{ kind: 'token' }]);
    expect(client.session.current()).toMatchObject({ status: 'signed-in', account: { id: 'ada' } });
    expect((await client.request(me)).errors).toEqual([]);
    stranger.close();
  });
});

test('a renewal that was under way when another tab signed out signs nobody in again', async () => {
  // Without locks, the two run beside each other.
  vi.stubGlobal('navigator', undefined);
  const [one, other] = (await makeExpiredTabs(2)) as [SignetClient, SignetClient];
  const late = answerLater();
  entrance.answers.refresh = late.asked;
  const asking = one.request(me);
  await expect.poll(() => entrance.count('refresh')).toBe(1);
  entrance.answers.signOut = () => Response.json({ data: { result: true } });
  expect(await other.signOut()).toMatchObject({ ok: true });
  await expect.poll(() => statusOf(one)).toBe('signed-out');
  late.give(payload(tokenOf('ada')));
  await asking;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([statusOf(one), statusOf(other)]).toEqual(['signed-out', 'signed-out']);
  expect(entrance.sent.at(-1)?.bearer).toBeUndefined();
});

test('a sign-in survives what a tab without a session, or with an older one, says at the same moment', async () => {
  entrance.answers.signIn = () => payload(tokenOf('ada'));
  const client = makeClient();
  await client.signIn(ada);
  entrance.answers.refresh = () => payload(tokenOf('ada'));
  entrance.sent = [];
  const stranger = new BroadcastChannel(`signet:user:${url}`);
  stranger.postMessage({ kind: 'ended', reason: 'auth.failure.revoked', id: 'an older session' });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(entrance.sent).toEqual([]);
  stranger.postMessage({ kind: 'ended', reason: 'auth.failure.missing_token', id: undefined });
  await expect.poll(() => entrance.count('refresh')).toBe(1);
  expect(statusOf(client)).toBe('signed-in');
  stranger.postMessage({ kind: 'ended', reason: 'auth.failure.revoked', id: 'session of ada' });
  await expect
    .poll(() => client.session.current())
    .toEqual({
      status: 'signed-out',
      reason: 'auth.failure.revoked',
    });
  stranger.close();
});

test('every tab says whose data is to be forgotten', async () => {
  entrance.answers.signIn = () => payload(tokenOf('ada'));
  const [one, other] = [makeClient(), makeClient()];
  const heard: (string | undefined)[] = [];
  followAccount(other, (id) => heard.push(id));
  await Promise.all([one.session.ready(), other.session.ready()]);
  entrance.answers.refresh = () => payload(tokenOf('ada'));
  await one.signIn(ada);
  await expect.poll(() => heard).toEqual(['ada undefined']);
  await one.signOut();
  await expect.poll(() => heard).toEqual(['ada undefined', undefined]);
});

test('a worker of a page is signed in with it', async () => {
  entrance.answers.signIn = () => payload(tokenOf('ada'));
  const page = makeClient();
  await page.signIn(ada);
  entrance.answers.refresh = () => payload(tokenOf('ada'));
  Reflect.deleteProperty(globalThis, 'document');
  vi.stubGlobal('WorkerGlobalScope', class {});
  vi.stubGlobal('location', new URL('https://shop.example/worker.js'));
  const worker = makeClient();
  // The cookie is sent, and nothing is asked for in the body.
  expect(await worker.session.ready()).toMatchObject({ status: 'signed-in', account: { id: 'ada' } });
  expect(entrance.sent.at(-1)?.init).toMatchObject({ credentials: 'include' });
  expect(await worker.signOut()).toMatchObject({ ok: true });
  await expect.poll(() => statusOf(page)).toBe('signed-out');
});

describe('a store that processes share', () => {
  test('a token that another process has replaced is no end of the session, and is not written over', async () => {
    let stored: StoredTokens = { refreshToken: 'first', deviceToken: 'device' };
    const store = {
      read: () => stored,
      write: (next: StoredTokens) => {
        stored = next;
      },
    };
    const refreshTokenOf = (init: RequestInit) => JSON.parse(String(init.body)).variables.input.refreshToken;
    entrance.answers.refresh = ({ init }) => {
      if (refreshTokenOf(init) === 'second') return payload(tokenOf('ada'));
      // Another process has changed the password while this request was under way.
      stored = { ...stored, refreshToken: 'second' };
      return refusal('auth.failure.invalid_credentials');
    };
    const client = makeClient({ store });
    expect(await client.session.ready()).toMatchObject({ status: 'signed-in' });
    expect(stored).toEqual({ refreshToken: 'refresh', deviceToken: 'device' });
  });

  test('a slow one keeps operations waiting, and loses nothing', async () => {
    let stored: StoredTokens = {};
    const slowly = <T>(value: T) => new Promise<T>((resolve) => setTimeout(resolve, 30, value));
    const client = makeClient({
      store: {
        read: () => slowly(stored),
        write: async (next) => {
          await slowly(undefined);
          stored = next;
        },
      },
    });
    entrance.answers.signIn = () => payload(tokenOf('ada'), 0);
    entrance.answers.refresh = () => payload(tokenOf('ada'));
    expect(await client.signIn(ada)).toMatchObject({ ok: true });
    const answers = await Promise.all(Array.from({ length: 5 }, () => client.request(me)));
    expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
    expect(entrance.count('refresh')).toBe(1);
    expect(stored).toMatchObject({ refreshToken: 'refresh' });
  });
});
