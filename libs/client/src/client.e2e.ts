import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { ApolloClient, gql, InMemoryCache } from '@apollo/client';
import { cacheExchange, createClient as createUrqlClient, fetchExchange } from '@urql/core';
import { GraphQLClient } from 'graphql-request';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startChromium } from '../../../gateway/src/pages/chromium.test-support.ts';
import {
  seedPassword,
  startTestPlatform,
  type TestPlatform,
} from '../../../launcher/src/platform.test-support.ts';
import { createSignetLink, followSession } from './apollo.ts';
import {
  createSignetClient,
  readError,
  type SessionState,
  type SignetClient,
  type StoredTokens,
} from './index.ts';
import { signetExchange } from './urql.ts';

const ada = { email: 'ada@example.com', password: seedPassword };
const me = '{ me { email } }';

let platform: TestPlatform;
let pages: { origin: string; server: Server };
let browser: Browser;

beforeAll(async () => {
  [pages, browser] = await Promise.all([startPages(), startChromium()]);
  platform = await startTestPlatform({
    CORS_ORIGINS: `${pages.origin},${pages.origin.replace('localhost', '127.0.0.1')}`,
  });
});
afterAll(async () => {
  await browser?.close();
  pages?.server.closeAllConnections();
  pages?.server.close();
  await platform?.stop();
});

/** Serves two pages: with the client, bundled as a frontend would, as `globalThis.signet`; and `/app`, with its adapters. */
async function startPages(): Promise<typeof pages> {
  const bundle = async (file: string) => {
    const built = await rolldown({
      input: `${import.meta.dirname}/${file}`,
      platform: 'browser',
      transform: { define: { 'process.env.NODE_ENV': '"production"' } },
      // Directives of React's server components mean nothing here.
      onLog: () => undefined,
    });
    return (await built.generate({ format: 'esm', minify: true })).output[0].code;
  };
  const scripts: Record<string, string> = {
    '/client.js': await bundle('index.ts'),
    '/app.js': await bundle('page-app.test-support.ts'),
    '/worker.js': `import { createSignetClient } from '/client.js';
      onmessage = async ({ data }) => {
        const client = createSignetClient({ url: data, platform: 'user' });
        postMessage([await client.request('{ me { email } }'), (await client.signOut()).ok]);
      };`,
  };
  const page = (script: string) =>
    `<!doctype html><title>a page</title><script type="module">${script}</script>`;
  const server = createServer((req, res) => {
    const script = scripts[req.url ?? ''];
    res.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    // For a sandboxed frame, which has no origin.
    if (script) res.setHeader('access-control-allow-origin', '*');
    const own = 'import * as signet from "/client.js"; globalThis.signet = signet';
    res.end(script ?? page(req.url?.startsWith('/app') ? 'import "/app.js"' : own));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}`, server };
}

describe('in an app, with a store of its own', () => {
  let stored: StoredTokens | undefined;
  let requests: string[];
  let client: SignetClient;
  /** What the network does to a request in place of passing it on. */
  let interfere: (body: string, headers: Headers) => Response | undefined;

  const makeClient = (onStepUp?: () => Promise<boolean>) =>
    createSignetClient({
      url: platform.urlOf('user'),
      platform: 'user',
      store: {
        read: () => stored,
        write: (tokens) => {
          stored = tokens;
        },
      },
      fetch: async (input, init) => {
        const body = String(init?.body);
        requests.push(/Signet_\w+/.exec(body)?.[0] ?? 'operation');
        return interfere(body, new Headers(init?.headers)) ?? fetch(input, init);
      },
      ...(onStepUp && { onStepUp }),
    });
  const refuseWith = (status: number, reason: string, code: string) =>
    Response.json({ errors: [{ message: reason, extensions: { reason, code } }] }, { status });

  beforeEach(() => {
    stored = undefined;
    requests = [];
    interfere = () => undefined;
    client = makeClient();
  });
  afterEach(() => client.close());

  test('signs in, asks, keeps the session over a restart, and signs out', async () => {
    expect(await client.session.ready()).toEqual({ status: 'signed-out' });
    expect(requests).toEqual([]);
    const outcome = await client.signIn(ada);
    expect(outcome.ok).toBe(true);
    expect(await client.request(me)).toEqual({ data: { me: { email: ada.email } }, errors: [] });
    expect(stored).toEqual({ refreshToken: expect.any(String), deviceToken: expect.any(String) });

    const restarted = makeClient();
    expect(await restarted.session.ready()).toMatchObject({
      status: 'signed-in',
      account: { email: ada.email, actedBy: undefined },
    });
    expect(await restarted.signOut()).toEqual({ ok: true, value: undefined });
    expect(restarted.session.current()).toEqual({ status: 'signed-out', reason: 'signed-out' });
    expect(stored?.refreshToken).toBeUndefined();
    expect(stored?.deviceToken).toEqual(expect.any(String));
    restarted.close();
  });

  test('gives each refusal as one kind of error', async () => {
    expect(await client.signIn({ ...ada, password: 'wrong' })).toMatchObject({
      ok: false,
      error: { kind: 'credentials' },
    });
    expect(await client.register({ email: 'no address', password: seedPassword })).toMatchObject({
      ok: false,
      error: { kind: 'input', field: 'email' },
    });
    const registered = await client.register({
      email: 'client@example.com',
      password: 'twelve clouds over a hill',
    });
    expect(registered).toMatchObject({
      ok: false,
      error: { kind: 'challenge', challenge: { id: expect.any(String), methods: ['email'] } },
    });
    expect(await client.request(me)).toMatchObject({
      data: null,
      errors: [{ kind: 'signed-out' }, { kind: 'signed-out' }],
    });
    await client.signIn(ada);
    expect(await client.request('{ portalHealth }')).toMatchObject({ errors: [{ kind: 'internal' }] });
    interfere = () => {
      throw new TypeError('no network');
    };
    expect(await client.request(me)).toEqual({
      data: null,
      errors: [{ kind: 'network', reason: 'network', message: 'no network' }],
    });
  });

  test('sends an operation once more with a new token where the old one has expired', async () => {
    await client.signIn(ada);
    requests = [];
    let refusals = 1;
    interfere = (body) =>
      !body.includes('Signet_') && refusals-- > 0
        ? refuseWith(401, 'auth.failure.expired', 'UNAUTHENTICATED')
        : undefined;
    expect((await client.request(me)).data).toEqual({ me: { email: ada.email } });
    expect(requests).toEqual(['operation', 'Signet_refresh', 'operation']);
    refusals = 2;
    requests = [];
    expect(await client.request(me)).toMatchObject({
      errors: [{ kind: 'signed-out', reason: 'auth.failure.expired' }],
    });
    expect(requests).toEqual(['operation', 'Signet_refresh', 'operation']);
  });

  test('refreshes once for many operations at once', async () => {
    await client.signIn(ada);
    const restarted = makeClient();
    requests = [];
    const answers = await Promise.all(Array.from({ length: 30 }, () => restarted.request(me)));
    expect(answers.every(({ data }) => data !== null)).toBe(true);
    expect(requests.filter((name) => name === 'Signet_refresh')).toEqual(['Signet_refresh']);
    restarted.close();
  });

  test.each([
    ['auth is down', () => refuseWith(503, 'auth.unavailable', 'SERVICE_UNAVAILABLE'), 'unavailable'],
    ['it refreshes too often', () => refuseWith(429, 'auth.throttled', 'RATE_LIMITED'), 'throttled'],
    [
      'it is offline',
      () => {
        throw new TypeError('offline');
      },
      'network',
    ],
  ])('keeps the session where %s, and goes on afterwards', async (_what, refusal, kind) => {
    await client.signIn(ada);
    const kept = stored;
    const restarted = makeClient();
    interfere = (body) => (body.includes('Signet_refresh') ? refusal() : undefined);
    expect(await restarted.session.ready()).toMatchObject({ status: 'unknown', error: { kind } });
    expect(await restarted.request(me)).toMatchObject({ data: null, errors: [{ kind }] });
    expect(stored).toEqual(kept);
    interfere = () => undefined;
    // Where auth answered that it is busy, it is left alone for as long as it said: a second.
    await expect.poll(async () => (await restarted.request(me)).data).toEqual({ me: { email: ada.email } });
    expect(restarted.session.current().status).toBe('signed-in');
    restarted.close();
  });

  test('notices at its next operation that the session was ended elsewhere', async () => {
    await client.signIn(ada);
    const states: SessionState[] = [];
    client.session.subscribe((state) => states.push(state));
    const other = createSignetClient({ url: platform.urlOf('user'), platform: 'user' });
    await other.signIn(ada);
    await other.request('mutation { endOtherSessions }');
    await expect
      .poll(async () => (await client.request(me)).errors[0]?.reason)
      .toBe('auth.failure.missing_token');
    expect(states).toEqual([{ status: 'signed-out', reason: expect.stringMatching(/^auth\.failure\./) }]);
    other.close();
  });

  test('asks the app for a recent sign-in, and sends the operation again after it', async () => {
    const changeEmail = `mutation { changeEmail(input: { newEmail: "new-${crypto.randomUUID()}@example.com" }) }`;
    let asked = 0;
    const own = makeClient(async () => {
      asked += 1;
      return (await own.reauthenticate({ password: seedPassword })).ok;
    });
    await own.signIn(ada);
    await platform.home.database.query("update auth.user_session set auth_time = now() - interval '1 hour'");
    await own.session.refresh();
    const answers = await Promise.all([own.request(changeEmail), own.request(changeEmail)]);
    expect(answers).toEqual([
      { data: { changeEmail: true }, errors: [] },
      { data: { changeEmail: true }, errors: [] },
    ]);
    expect(asked).toBe(1);
    own.close();
  });

  test('serves Apollo Client, urql and graphql-request', async () => {
    const apollo = new ApolloClient({ link: createSignetLink(client), cache: new InMemoryCache() });
    const stop = followSession(apollo, client);
    await client.signIn(ada);
    const query = gql(me);
    expect((await apollo.query({ query })).data).toMatchObject({ me: { email: ada.email } });

    const urql = createUrqlClient({
      url: client.url,
      preferGetMethod: false,
      exchanges: [cacheExchange, signetExchange(client), fetchExchange],
    });
    expect((await urql.query(me, {}).toPromise()).data).toMatchObject({ me: { email: ada.email } });
    const plain = new GraphQLClient(client.url, { fetch: client.fetch });
    expect(await plain.request(me)).toEqual({ me: { email: ada.email } });

    await client.signOut();
    // The cache of one account is not the next one's.
    await expect.poll(() => apollo.cache.extract()).toEqual({});
    const errors = [
      await apollo.query({ query, fetchPolicy: 'network-only' }).catch((error: unknown) => error),
      (await urql.query(me, {}, { requestPolicy: 'network-only' }).toPromise()).error,
      await plain.request(me).catch((error: unknown) => error),
    ];
    expect(errors.map((error) => readError(error).reason)).toEqual(
      Array(3).fill('auth.failure.missing_token'),
    );
    stop();
  });
});

test('is under 6 KB for a browser', async () => {
  const script = await (await fetch(`${pages.origin}/client.js`)).arrayBuffer();
  expect(gzipSync(script, { level: 9 }).length).toBeLessThan(6 * 1024);
});

test('the README of its package signs in and asks', async () => {
  const readme = readFileSync(`${import.meta.dirname}/../../../packages/client/README.md`, 'utf8');
  const block = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const program = block
    .replace("'@signet/client'", JSON.stringify(`${import.meta.dirname}/index.ts`))
    .replace('http://localhost:4001/graphql', platform.urlOf('user'));
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module-typescript',
    '--eval',
    program,
  ]);
  expect(stdout).toBe(`${ada.email} []\n`);
});

describe('in a browser, with cookies', () => {
  let context: BrowserContext;
  let refreshes: number;

  /** Opens a tab with a client. */
  async function openTab(origin = pages.origin): Promise<Page> {
    const page = await context.newPage();
    await page.goto(origin);
    await page.waitForFunction('globalThis.signet');
    await page.evaluate(
      `globalThis.client = signet.createSignetClient({ url: ${JSON.stringify(platform.urlOf('user'))}, platform: 'user' });
       client.session.subscribe((state) => { (globalThis.states ??= []).push(state) }); undefined`,
    );
    return page;
  }
  const signIn = (page: Page, account = ada) => page.evaluate(`client.signIn(${JSON.stringify(account)})`);
  const ask = (page: Page) => page.evaluate(`client.request(${JSON.stringify(me)})`);
  const statusOf = (page: Page) => page.evaluate('client.session.current().status');

  beforeEach(async () => {
    context = await browser.newContext();
    refreshes = 0;
    context.on('request', (request) => {
      if (request.postData()?.includes('Signet_refresh')) refreshes += 1;
    });
  });
  afterEach(() => context.close());

  test.each(['localhost', '127.0.0.1'])(
    'at %s: stays signed in over a reload, and keeps no token where scripts read it',
    async (host) => {
      const page = await openTab(pages.origin.replace('localhost', host));
      expect(await signIn(page)).toMatchObject({ ok: true, value: { refreshToken: null } });
      expect(await ask(page)).toMatchObject({ data: { me: { email: ada.email } } });
      const stored = await page.evaluate(
        'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
      );
      expect(stored).toBe('[{},{},""]');
      await page.close();
      const again = await openTab(pages.origin.replace('localhost', host));
      expect(await ask(again)).toMatchObject({ data: { me: { email: ada.email } } });
      expect(await again.evaluate('client.signOut()')).toEqual({ ok: true });
      expect(await ask(again)).toMatchObject({ errors: [{ kind: 'signed-out' }, {}] });
    },
  );

  test('twenty tabs refresh once', async () => {
    await context.clock.install();
    const first = await openTab();
    await signIn(first);
    const tabs = [first, ...(await Promise.all(Array.from({ length: 19 }, () => openTab())))];
    await Promise.all(tabs.map(ask));
    refreshes = 0;
    // All of them see that their token is over, by a clock that stood still while a laptop slept.
    await context.clock.fastForward('20:00');
    const answers = await Promise.all(tabs.map(ask));
    expect(answers).toEqual(Array(20).fill({ data: { me: { email: ada.email } }, errors: [] }));
    expect(refreshes).toBe(1);
  });

  test.each([-1, 1])('works with a clock that is an hour off: %i h', async (hours) => {
    await context.clock.install({ time: Date.now() + hours * 3_600_000 });
    const page = await openTab();
    await signIn(page);
    refreshes = 0;
    for (let n = 0; n < 3; n += 1) expect(await ask(page)).toMatchObject({ errors: [] });
    expect(refreshes).toBe(0);
  });

  test('in every tab, what React, Apollo Client and TanStack Query show of an account is gone with it', async () => {
    const openApp = async () => {
      const page = await context.newPage();
      await page.goto(`${pages.origin}/app?url=${encodeURIComponent(platform.urlOf('user'))}`);
      return page;
    };
    const tabs = await Promise.all([openApp(), openApp()]);
    const shown = () =>
      Promise.all(
        tabs.map((page) => page.evaluate('[...document.querySelectorAll("p")].map((p) => p.textContent)')),
      );
    const signedOut = ['signed-out', 'sign in', 'signed-out', 'error'];
    await expect.poll(shown).toEqual([signedOut, signedOut]);
    await signIn(tabs[0]);
    await expect.poll(shown).toEqual([Array(3).fill(ada.email), Array(3).fill(ada.email)]);
    await tabs[1].fill('#draft', 'half a sentence');
    await tabs[0].evaluate('client.session.refresh()');
    expect(await tabs[1].inputValue('#draft')).toBe('half a sentence');

    await platform.home.database.query(
      `insert into auth.user (tenant_id, email, full_name, email_verified, password_hash, pepper_id)
       select tenant_id, 'bob@example.com', 'Bob', true, password_hash, pepper_id from auth.user where email = $1`,
      [ada.email],
    );
    expect(await signIn(tabs[0], { ...ada, email: 'bob@example.com' })).toMatchObject({ ok: true });
    await expect.poll(shown).toEqual([Array(3).fill('bob@example.com'), Array(3).fill('bob@example.com')]);
    expect(await tabs[1].inputValue('#draft')).toBe('');
    await tabs[0].evaluate('client.signOut()');
    await expect.poll(shown).toEqual([signedOut, signedOut]);
  });

  test('a tab that was frozen knows at once when it is thawed, and holds nobody up before', async () => {
    const [frozen, other] = await Promise.all([openTab(), openTab()]);
    await signIn(frozen);
    await expect.poll(() => statusOf(other)).toBe('signed-in');
    const session = await context.newCDPSession(frozen);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    expect(await other.evaluate('client.session.refresh().then((error) => error ?? "renewed")')).toBe(
      'renewed',
    );
    expect(await other.evaluate('client.signOut()')).toEqual({ ok: true });
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await expect.poll(() => statusOf(frozen), { timeout: 1000 }).toBe('signed-out');
  });

  test('a worker of the page is signed in with it, and can sign out', async () => {
    const page = await openTab();
    await signIn(page);
    const answer = page.evaluate(`new Promise((resolve) => {
      const worker = new Worker('/worker.js', { type: 'module' });
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage(${JSON.stringify(platform.urlOf('user'))});
    })`);
    expect(await answer).toEqual([{ data: { me: { email: ada.email } }, errors: [] }, true]);
    await expect.poll(() => statusOf(page)).toBe('signed-out');
  });

  test('in a sandboxed frame without storage, channels and locks of its own, nothing throws', async () => {
    const page = await openTab();
    const frame = `<iframe sandbox="allow-scripts" srcdoc='<script type="module">
      import { createSignetClient } from "${pages.origin}/client.js";
      const client = createSignetClient({ url: "${platform.urlOf('user')}", platform: "user" });
      const [state, out] = [await client.session.ready(), await client.signIn({ email: "a@example.com", password: "x" })];
      parent.postMessage([state.status, out.ok, out.error.kind], "*");
    </script>'></iframe>`;
    const answer = await page.evaluate(`new Promise((resolve) => {
      onmessage = ({ data }) => resolve(data);
      document.body.innerHTML = ${JSON.stringify(frame)};
    })`);
    // Its origin is none that the entrance lists: the browser lets no answer through.
    expect(answer).toEqual(['unknown', false, 'network']);
  });

  test('all tabs know within a second that somebody signed in or out, or that the session was ended elsewhere', async () => {
    const [one, other] = await Promise.all([openTab(), openTab()]);
    const both = () => Promise.all([statusOf(one), statusOf(other)]);
    await signIn(one);
    await expect.poll(both, { timeout: 1000 }).toEqual(['signed-in', 'signed-in']);
    await other.evaluate('client.signOut()');
    await expect.poll(both, { timeout: 1000 }).toEqual(['signed-out', 'signed-out']);
    await signIn(one);
    await expect.poll(both, { timeout: 1000 }).toEqual(['signed-in', 'signed-in']);

    const elsewhere = createSignetClient({ url: platform.urlOf('user'), platform: 'user' });
    await elsewhere.signIn(ada);
    await elsewhere.request('mutation { endOtherSessions }');
    elsewhere.close();
    await expect.poll(async () => ((await ask(one)) as { errors: object[] }).errors.length).toBe(1);
    await expect.poll(both, { timeout: 1000 }).toEqual(['signed-out', 'signed-out']);
  });
});
