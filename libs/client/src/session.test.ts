import { cacheExchange, createClient as createUrqlClient, fetchExchange } from '@urql/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSignetClient, readAnswerError, type SignetClient, type StoredTokens } from './index.ts';
import { followSession, signetExchange } from './urql.ts';

const url = 'https://api.shop.example/graphql';
const me = '{ me { email } }';

/** A token as auth gives it, of which the client reads the claims only. */
function tokenOf(id: string, more: object = {}): string {
  const claims = Buffer.from(JSON.stringify({ sub: id, sid: `session of ${id}`, ...more }));
  return `head.${claims.toString('base64url')}.${crypto.randomUUID()}`;
}

type Sent = { operation: string; bearer: string | undefined; headers: Headers; credentials: unknown };

let sent: Sent[];
let clients: SignetClient[];
/** What the entrance answers, by operation. */
let answers: Record<string, (request: Sent) => Response | Promise<Response>>;

const payload = (accessToken: string, expiresIn = 600) =>
  Response.json({ data: { result: { accessToken, expiresIn, refreshToken: 'refresh', deviceToken: null } } });
const refusal = (reason: string, status: 401 | 403 | 503 = 401) => {
  const code = { 401: 'UNAUTHENTICATED', 403: 'FORBIDDEN', 503: 'SERVICE_UNAVAILABLE' }[status];
  return Response.json({ errors: [{ message: reason, extensions: { reason, code } }] }, { status });
};

const send: typeof fetch = async (input, init) => {
  const headers = new Headers(init?.headers);
  const request: Sent = {
    operation: String(input) === url ? (/Signet_(\w+)/.exec(String(init?.body))?.[1] ?? 'me') : String(input),
    bearer: headers.get('authorization')?.replace('Bearer ', ''),
    headers,
    credentials: init?.credentials,
  };
  sent.push(request);
  return (
    (await answers[request.operation]?.(request)) ??
    Response.json({ data: { me: { email: 'ada@example.com' } } })
  );
};

function makeClient(options: Partial<Parameters<typeof createSignetClient>[0]> = {}): SignetClient {
  const client = createSignetClient({ url, platform: 'user', fetch: send, ...options });
  clients.push(client);
  return client;
}

beforeEach(() => {
  sent = [];
  clients = [];
  answers = { refresh: () => refusal('auth.failure.missing_token') };
});
afterEach(() => {
  for (const client of clients) client.close();
  vi.unstubAllGlobals();
});

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
    expect(await client.signIn({ email: 'ada@example.com', password: 'x' })).toMatchObject({
      ok: false,
      error,
    });
    expect(await client.signOut()).toMatchObject({ ok: false, error });
    expect(await client.request(me)).toMatchObject({ data: null, errors: [{}] });
    isLocked = false;
    answers.refresh = () => payload(tokenOf('ada'));
    expect((await client.request(me)).errors).toEqual([]);
  });

  test('sign-out ends the session by the refresh token alone: an access token that has expired would be refused', async () => {
    answers.signIn = () => payload(tokenOf('ada'), 0);
    answers.signOut = ({ bearer }) =>
      bearer ? refusal('auth.failure.expired') : Response.json({ data: { result: true } });
    const client = makeClient();
    await client.signIn({ email: 'ada@example.com', password: 'x' });
    expect(await client.signOut()).toMatchObject({ ok: true });
    expect(sent.at(-1)).toMatchObject({ operation: 'signOut', bearer: undefined });
  });

  test('a listener that throws costs neither the session nor the other listeners', async () => {
    vi.spyOn(console, 'error').mockReturnValue(undefined);
    answers.signIn = () => payload(tokenOf('ada'));
    const client = makeClient();
    await client.session.ready();
    const heard: string[] = [];
    client.session.subscribe(() => {
      throw new Error('a fault of the page');
    });
    client.session.subscribe(({ status }) => heard.push(status));
    expect(await client.signIn({ email: 'ada@example.com', password: 'x' })).toMatchObject({ ok: true });
    expect(heard).toEqual(['signed-in']);
    vi.restoreAllMocks();
  });

  test('gives its token to no other origin', async () => {
    answers.signIn = () => payload(tokenOf('ada'));
    const client = makeClient({ headers: { 'x-tenant': 'demo' } });
    await client.signIn({ email: 'ada@example.com', password: 'x' });
    await client.fetch('https://cdn.example/list.json');
    await client.fetch(new Request('https://api.shop.example.evil.example/graphql'));
    for (const { bearer, headers } of sent.slice(-2)) {
      expect(bearer).toBeUndefined();
      expect(headers.get('x-tenant')).toBeNull();
    }
    await client.fetch(new Request(url, { method: 'POST', body: '{}' }));
    expect(sent.at(-1)?.bearer).toBeDefined();
  });

  test('a renewal that is under way does not take the place of who acts as a customer', async () => {
    const own = tokenOf('staff as customer');
    const acting = tokenOf('customer', { act: { sub: 'staff' } });
    let answer = (_response: Response): void => undefined;
    answers.signIn = () => payload(own);
    answers.beginImpersonation = () => payload(acting);
    answers.refresh = () => new Promise((resolve) => (answer = resolve));
    const client = makeClient({
      store: { read: () => ({ refreshToken: 'refresh' }), write: () => undefined },
    });
    const ready = client.session.ready();
    await expect.poll(() => sent.length).toBe(1);
    answer(payload(own));
    await ready;
    void client.session.refresh();
    await expect.poll(() => sent.length).toBe(2);
    const borrowed = client.actAsCustomer('grant');
    answer(payload(own));
    expect(await borrowed).toMatchObject({ ok: true, value: { id: 'customer', actedBy: 'staff' } });
    await client.request(me);
    expect(sent.at(-1)?.bearer).toBe(acting);
  });

  test('who acts as a customer sees when that ends, and it ends by itself', async () => {
    const acting = tokenOf('customer', { act: { sub: 'staff' } });
    answers.beginImpersonation = () => payload(acting, 0.2);
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
    answers.signIn = () => payload(tokenOf('ada'));
    answers.beginPasskeyRegistration = () =>
      isRecent ? Response.json({ data: { result: {} } }) : refusal('authz.step_up.required');
    const client = makeClient({ onStepUp: async () => (isRecent = true) });
    await client.signIn({ email: 'ada@example.com', password: 'x' });
    // There is no authenticator here: the options have come that far.
    expect(await client.passkeys.add('key')).toMatchObject({ error: { kind: 'passkey' } });
    expect(sent.filter(({ operation }) => operation === 'beginPasskeyRegistration').length).toBe(2);
  });

  test('a signed-in person confirms an address by their session, and the token says so afterwards', async () => {
    const [before, after] = [tokenOf('ada'), tokenOf('ada', { email_verified: true })];
    answers.signIn = () => payload(before);
    answers.refresh = () => payload(after);
    answers.verifyEmail = () =>
      Response.json({ data: { result: { verified: true, next: 'NONE', tokens: null } } });
    const client = makeClient();
    await client.verifyEmail({ token: 'link' });
    expect(sent.at(-1)).toMatchObject({ operation: 'verifyEmail', bearer: undefined });
    await client.signIn({ email: 'ada@example.com', password: 'x' });
    await client.verifyEmail({ token: 'link' });
    expect(sent.find(({ bearer }) => bearer === before)).toMatchObject({ operation: 'verifyEmail' });
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
    answers.signIn = () => payload(token);
    answers.me = ({ bearer }) => Response.json({ data: { me: { email: bearer === token ? id : 'other' } } });
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

/** Clients in one process with a `document` are as tabs: Node has their channels and locks. */
describe('in tabs', () => {
  beforeEach(() => {
    vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
  });

  test('an operation is not sent again as somebody else, who has signed in meanwhile', async () => {
    const [ada, bob] = [tokenOf('ada'), tokenOf('bob')];
    answers.signIn = () => payload(ada);
    const client = makeClient({ onStepUp: async () => (await client.session.refresh()) === undefined });
    await client.signIn({ email: 'ada@example.com', password: 'x' });
    answers.refresh = () => payload(bob);
    for (const reason of ['auth.failure.revoked', 'authz.step_up.required']) {
      answers.me = ({ bearer }) => (bearer === ada ? refusal(reason) : Response.json({ data: {} }));
      expect(await client.request(me)).toMatchObject({ errors: [{ reason }] });
      expect(sent.at(-1)).toMatchObject({ operation: 'refresh' });
      expect(client.session.current()).toMatchObject({ account: { id: 'bob' } });
      answers.signIn = () => payload(ada);
      await client.signIn({ email: 'ada@example.com', password: 'x' });
    }
  });

  test('who acts as a customer sends no cookie of their own, and can stop', async () => {
    answers.beginImpersonation = () => payload(tokenOf('customer', { act: { sub: 'staff' } }));
    answers.signOut = ({ headers }) =>
      headers.has('signet-session')
        ? refusal('authz.caller.deny', 403)
        : Response.json({ data: { result: true } });
    const client = makeClient();
    await client.actAsCustomer('grant');
    expect(await client.signOut()).toMatchObject({ ok: true });
    expect(sent.at(-1)).toMatchObject({ operation: 'signOut', credentials: 'omit' });
  });

  test('a hidden tab, whose timers wait for a second each, does not hold the lock for long', async () => {
    const setTimeoutNow = globalThis.setTimeout;
    const [front, hidden] = [makeClient(), makeClient()];
    answers.refresh = () => refusal('auth.unavailable', 503);
    let timers = 0;
    vi.stubGlobal('setTimeout', (work: () => void, ms: number) => {
      timers += 1;
      return setTimeoutNow(work, ms);
    });
    await Promise.all([front.session.ready(), hidden.session.ready()]);
    expect(sent.filter(({ operation }) => operation === 'refresh').length).toBeGreaterThan(1);
    expect(timers).toBeLessThan(8);
  });

  test('a client that was closed says nothing more, and asks nothing more', async () => {
    let answer = (_response: Response): void => undefined;
    answers.refresh = () => new Promise((resolve) => (answer = resolve));
    const client = makeClient();
    const ready = client.session.ready();
    await expect.poll(() => sent.length).toBe(1);
    client.close();
    answer(payload(tokenOf('ada')));
    expect(await ready).toMatchObject({ status: 'signed-in' });

    const other = makeClient();
    const state = other.session.ready();
    await expect.poll(() => sent.length).toBe(2);
    other.close();
    answer(refusal('auth.unavailable', 503));
    expect(await state).toMatchObject({ status: 'unknown' });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(sent.length).toBe(2);
  });
});
