import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MailboxMail } from '@signet/schema/contract';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startChromium } from '../../gateway/src/pages/chromium.test-support.ts';
import { startTestPlatform, type TestPlatform } from './platform.test-support.ts';

/** The same server under another name, which is another site to a browser. */
const byAddress = (url: string) => url.replace('localhost', '127.0.0.1');

type Answer = {
  status: number;
  data?: Record<string, { accessToken: string; refreshToken: null; email?: string } | null> | null;
  errors?: { extensions: { reason: string; challenge?: { id: string } } }[];
};

const user = '__Host-signet-user-refresh';
const portal = '__Host-signet-portal-refresh';
const userDevice = '__Host-signet-user-device';
const password = 'correct horse battery staple';
const signInAs = (field: string, email: string) =>
  `mutation { ${field}(input: { email: "${email}", password: "${password}" }) { accessToken refreshToken } }`;
const login = signInAs('login', 'ada@example.com');
const refresh = 'mutation { refresh { accessToken refreshToken } }';

let platform: TestPlatform;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let urls: { graph: string; user: string; portal: string };
let shop: PageServer;
let stranger: PageServer;

beforeAll(async () => {
  [shop, stranger, browser] = await Promise.all([startPageServer(), startPageServer(), startChromium()]);
  platform = await startTestPlatform({ CORS_ORIGINS: `${shop.origin},${byAddress(shop.origin)}` });
  const at = (entrance: 'graph' | 'user' | 'portal') => new URL(platform.urlOf(entrance)).origin;
  urls = { graph: at('graph'), user: at('user'), portal: at('portal') };
});
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
  await Promise.all([shop?.stop(), stranger?.stop()]);
});
beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
  await page.route(`${urls.user}${ownPage}`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>a page</title>' }),
  );
});
afterEach(() => context.close());

type PageServer = { origin: string; stop(): Promise<void> };

/** Pages of another origin of the same site: a browser sends them `SameSite=Strict` cookies of every port. */
async function startPageServer(): Promise<PageServer> {
  const server: Server = createServer((_req, res) => {
    res.setHeader('content-type', 'text/html');
    res.end('<!doctype html><title>a page</title>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}`, stop };
}

/** The token of the link in the latest mail to an address, as the mailbox shows it. */
async function readLinkToken(to: string): Promise<string | undefined> {
  const response = await fetch(`${urls.graph}/mailbox`, { headers: { accept: 'application/json' } });
  const mails = (await response.json()) as MailboxMail[];
  return /#token=([\w-]{43})/.exec(mails.find((mail) => mail.to === to)?.text ?? '')?.[1];
}

/** What a page's script sends, and what it may read of the answer. Rejects where the browser does not let it. */
function ask(
  entrance: string,
  query: string,
  headers: object = { 'signet-session': 'cookie' },
): Promise<Answer> {
  const init = {
    method: 'POST',
    credentials: 'include',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  };
  return page.evaluate(
    `fetch(${JSON.stringify(`${entrance}/graphql`)}, ${JSON.stringify(init)})
      .then(async (response) => ({ status: response.status, ...(await response.json()) }))`,
  );
}

async function cookieOf(name: string) {
  return (await context.cookies(urls.user)).find((cookie) => cookie.name === name);
}

const reasonOf = ({ errors }: Answer) => errors?.[0]?.extensions.reason;

/** No answer of an entrance for one platform may run a script: a page of its origin, as a proxy could serve beside it. */
const ownPage = '/shop';

describe.each([
  ["the entrance's own page", () => `${urls.user}${ownPage}`],
  ['a page of a listed origin', () => shop.origin],
])('in a browser, on %s', (_title, pageUrl) => {
  test('a session goes from sign-in over a reload to sign-out, and no script ever sees its refresh token', async () => {
    await page.goto(pageUrl());
    expect((await ask(urls.user, login)).data?.login).toMatchObject({ refreshToken: null });
    const cookie = await cookieOf(user);
    expect(cookie).toMatchObject({
      httpOnly: true,
      secure: true,
      sameSite: 'Strict',
      path: '/',
      domain: 'localhost',
    });
    expect(await page.evaluate('document.cookie')).toBe('');

    await page.reload();
    const { data } = await ask(urls.user, refresh);
    expect((await cookieOf(user))?.value).not.toBe(cookie?.value);
    const bearer = { authorization: `Bearer ${data?.refresh?.accessToken}` };
    expect((await ask(urls.user, '{ me { email } }', bearer)).data?.me?.email).toBe('ada@example.com');

    expect((await ask(urls.user, 'mutation { logout }')).data).toEqual({ logout: true });
    expect(await cookieOf(user)).toBeUndefined();
    expect(reasonOf(await ask(urls.user, refresh))).toBe('auth.failure.missing_token');
  });

  test('a device stays known over a sign-out, by a cookie that no script sees', async () => {
    await page.goto(pageUrl());
    await ask(urls.user, login);
    const first = await cookieOf(userDevice);
    expect(first).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict', path: '/' });
    expect(await page.evaluate('document.cookie')).toBe('');
    await ask(urls.user, 'mutation { logout }');
    expect(await cookieOf(userDevice)).toEqual(first);
    await ask(urls.user, login);
    // The id of a device that auth knew again, by the cookie that came through gateway and proof.
    const idOf = (cookie: typeof first) => cookie?.value.split('.')[0];
    expect(idOf(await cookieOf(userDevice))).toBe(idOf(first));
    await context.clearCookies({ name: userDevice });
    await ask(urls.user, login);
    expect(idOf(await cookieOf(userDevice))).not.toBe(idOf(first));
  });

  test('twenty refreshes at once leave one session, which goes on', async () => {
    await page.goto(pageUrl());
    await ask(urls.user, login);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(urls.user, refresh)));
    expect(answers.flatMap(({ errors }) => errors ?? [])).toEqual([]);
    expect(reasonOf(await ask(urls.user, refresh))).toBeUndefined();
  });
});

test('one operation may hold fields of both platforms, and each gets its own cookie', async () => {
  await page.goto(shop.origin);
  await ask(urls.graph, login);
  const session = await cookieOf(user);
  const staff = signInAs('portalLogin', 'support@example.com').replace('mutation {', 'mutation { logout');
  const { data, errors } = await ask(urls.graph, staff);
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({ logout: true, portalLogin: { refreshToken: null } });
  expect(session).toBeDefined();
  expect(await cookieOf(user)).toBeUndefined();
  expect(await cookieOf(portal)).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  const customer = login.replace('mutation {', 'mutation { portalLogout');
  expect((await ask(urls.graph, customer)).data).toMatchObject({
    portalLogout: true,
    login: { refreshToken: null },
  });
  expect(await cookieOf(portal)).toBeUndefined();
  expect(await cookieOf(user)).toBeDefined();
});

test('a change of password sets a new cookie, and a second sign-in another; copies of the old ones are worth nothing', async () => {
  await page.goto(shop.origin);
  const email = `cookies-${Date.now()}@bücher.example`;
  const registering = `mutation { register(input: { email: "${email}", password: "nine grey owls on a wire" }) { accessToken } }`;
  const [refusal] = (await ask(urls.user, registering)).errors ?? [];
  const ascii = email.replace('bücher', 'xn--bcher-kva');
  const verifying = `mutation { verifyEmail(input: { token: "${await readLinkToken(ascii)}", challenge: "${refusal?.extensions.challenge?.id}" }) {
    tokens { accessToken refreshToken } } }`;
  const verified = (await ask(urls.user, verifying)).data?.verifyEmail as unknown as {
    tokens?: { accessToken: string; refreshToken: null };
  } | null;
  expect(verified?.tokens?.refreshToken).toBeNull();
  const token = verified?.tokens?.accessToken;
  const first = await cookieOf(user);
  const change = `mutation { changePassword(input: { currentPassword: "nine grey owls on a wire", newPassword: "ten red hens in a barn" }) {
    endedSessions tokens { refreshToken } } }`;
  const bearer = { authorization: `Bearer ${token}` };
  expect(reasonOf(await ask(urls.user, change, bearer))).toBe('input.session');
  const changed = await ask(urls.user, change, { ...bearer, 'signet-session': 'cookie' });
  expect(changed.data?.changePassword).toEqual({ endedSessions: 0, tokens: { refreshToken: null } });
  const second = await cookieOf(user);
  expect(reasonOf(await ask(urls.user, refresh))).toBeUndefined();

  const again = `mutation { login(input: { email: "${ascii}", password: "ten red hens in a barn" }) { accessToken } }`;
  expect(reasonOf(await ask(urls.user, again))).toBeUndefined();
  const third = await cookieOf(user);
  expect(new Set([first, second, third].map((cookie) => cookie?.value)).size).toBe(3);
  for (const [old, reason] of [
    [first, 'auth.failure.invalid_credentials'],
    [second, 'auth.failure.revoked'],
  ] as const) {
    const response = await fetch(`${urls.user}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'signet-session': 'cookie',
        origin: urls.user,
        cookie: `${user}=${old?.value}`,
      },
      body: JSON.stringify({ query: refresh }),
    });
    expect(reasonOf((await response.json()) as Answer)).toBe(reason);
  }
  expect(reasonOf(await ask(urls.user, refresh))).toBeUndefined();
});

describe('in a browser, a page of an origin that is not listed', () => {
  beforeEach(async () => {
    await page.goto(shop.origin);
    await ask(urls.user, login);
    await page.goto(stranger.origin);
  });
  /** The session is as it was, and the browser still has its cookie. */
  afterEach(async () => {
    await page.goto(shop.origin);
    expect(reasonOf(await ask(urls.user, refresh))).toBeUndefined();
  });

  test.each([login, refresh, 'mutation { logout }'])('can not send %s for a cookie', async (query) => {
    const before = await cookieOf(user);
    await expect(ask(urls.user, query)).rejects.toThrow('Failed to fetch');
    expect(await cookieOf(user)).toEqual(before);
  });

  test.each([refresh, 'mutation { logout }', login])(
    'changes nothing with %s where no preflight is needed',
    async (query) => {
      const before = await cookieOf(user);
      const body = JSON.stringify({ query });
      const init = JSON.stringify({ method: 'POST', mode: 'no-cors', credentials: 'include', body });
      // It is sent, and the page may not even have an opaque answer (Cross-Origin-Resource-Policy).
      const sent = page.waitForRequest(`${urls.user}/graphql`);
      expect(
        await page.evaluate(`fetch('${urls.user}/graphql', ${init}).then(() => 'had', () => 'kept')`),
      ).toBe('kept');
      await sent;
      await page.evaluate(`(() => {
      const form = document.createElement('form');
      Object.assign(form, { method: 'POST', action: '${urls.user}/graphql', enctype: 'text/plain' });
      const field = document.createElement('input');
      [field.name, field.value] = [${JSON.stringify(body.slice(0, -1))}, '}'];
      form.append(field);
      document.body.append(form);
      form.submit();
    })()`);
      await page.waitForURL(`${urls.user}/graphql`);
      expect(await page.locator('body').innerText()).toContain('Send the operation as application/json');
      expect(await cookieOf(user)).toEqual(before);
    },
  );
});

test('a page of another site is told so at once, and is signed in where both have one name', async () => {
  await page.goto(byAddress(shop.origin));
  const refused = await ask(urls.user, login);
  expect([refused.status, reasonOf(refused)]).toEqual([400, 'input.session']);
  expect(JSON.stringify(refused.errors)).toContain(`Open the page at ${shop.origin}, or`);
  expect(await cookieOf(user)).toBeUndefined();

  await ask(byAddress(urls.user), login);
  await page.reload();
  expect((await ask(byAddress(urls.user), refresh)).data?.refresh).toMatchObject({ refreshToken: null });
});

test('customer and staff are signed in side by side, each by its own cookie at its own door', async () => {
  await page.goto(shop.origin);
  await ask(urls.graph, login);
  await ask(urls.graph, signInAs('portalLogin', 'support@example.com'));
  const [customer, staff] = [await cookieOf(user), await cookieOf(portal)];
  expect(customer?.value).not.toBe(staff?.value);
  const portalRefresh = 'mutation { portalRefresh { accessToken refreshToken } }';
  for (const query of [refresh, portalRefresh])
    expect(reasonOf(await ask(urls.graph, query))).toBeUndefined();
  expect(reasonOf(await ask(urls.user, refresh))).toBeUndefined();
  expect(reasonOf(await ask(urls.portal, portalRefresh))).toBeUndefined();
  expect((await ask(urls.graph, 'mutation { portalLogout }')).data).toEqual({ portalLogout: true });
  expect(await cookieOf(portal)).toBeUndefined();
  // The customer's cookie is in the browser, and is sent to every port of this host; the staff door does not take it in.
  expect(reasonOf(await ask(urls.portal, portalRefresh))).toBe('auth.failure.missing_token');
  expect(reasonOf(await ask(urls.user, refresh))).toBeUndefined();
});

test.each([
  ['a foreign Origin', { origin: 'https://evil.example' }, 403, 'authz.permission.deny'],
  ['no Origin', {}, 403, 'authz.permission.deny'],
  ['two cookies of the name', { cookie: `${user}=a; ${user}=b` }, 401, 'auth.failure.malformed'],
])('the entrance refuses %s', async (title, headers, status, reason) => {
  const response = await fetch(`${urls.user}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'signet-session': 'cookie',
      ...(title.startsWith('two') && { origin: urls.user }),
      ...headers,
    },
    body: JSON.stringify({ query: login }),
  });
  expect([response.status, reasonOf((await response.json()) as Answer)]).toEqual([status, reason]);
  expect(response.headers.getSetCookie()).toEqual([]);
});
