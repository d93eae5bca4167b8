import type { Platform } from '@signet/schema/contract';
import { createHttpServer, createLogger, listen } from '@signet/service';
import type { FastifyInstance } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { findSiteFault } from './cookie-site.ts';
import { createSessionCookieGate, isTrustedOrigin } from './session-cookie-gate.ts';

const user = '__Host-signet-user-refresh';
const portal = '__Host-signet-portal-refresh';
const shop = 'https://shop.example';
let server: FastifyInstance | undefined;
const refused: [string, string][] = [];
afterEach(async () => {
  refused.length = 0;
  await server?.close();
});

type Options = { platforms?: Platform[]; areOffered?: boolean; set?: [Platform, string | string[]][] };

/** Asks an entrance what it would send to auth on each platform, and what it hands on of what auth sets. */
async function ask(headers: Record<string, string>, options: Options = {}, method = 'POST') {
  const { platforms = ['user', 'portal'], areOffered = true, set = [] } = options;
  const gate = createSessionCookieGate({
    platforms,
    origins: [shop, 'http://localhost:5173'],
    areOffered,
    refusedOrigins: { add: (origin, why) => void refused.push([origin, why]) },
  });
  server = createHttpServer({ logger: createLogger('test', 'silent') });
  server.route({
    method: ['GET', 'POST'],
    url: '/',
    handler: async (request, reply) => {
      const cookies = gate(request, reply);
      for (const [platform, lines] of set) cookies?.of(platform).relay(lines);
      return { user: cookies?.of('user').headers, portal: cookies?.of('portal').headers };
    },
  });
  const url = await listen(server, { host: '127.0.0.1', port: 0 });
  const response = await fetch(url, { method, headers });
  const body = (await response.json()) as {
    user?: object;
    portal?: object;
    errors?: { extensions: { reason: string } }[];
  };
  return { status: response.status, set: response.headers.getSetCookie(), body };
}

const fromShop = { origin: shop, 'signet-session': 'cookie' };

test("passes each platform's own cookie to a fetch of that platform, and no other", async () => {
  const cookie = `theme=dark; ${portal}=p; other=${user}; ${user}=u`;
  const { body } = await ask({ ...fromShop, cookie });
  expect(body).toEqual({ user: { cookie: `${user}=u` }, portal: { cookie: `${portal}=p` } });
});

test("passes a platform's device cookie beside the session's, both ways, and not the other platform's", async () => {
  const cookie = `__Host-signet-portal-device=q; __Host-signet-user-device=d; ${user}=u; __Host-signet-user-device2=x`;
  const lines = ['__Host-signet-user-device=new; Path=/', '__Host-signet-portal-device=smuggled; Path=/'];
  const { body, set } = await ask({ ...fromShop, cookie }, { platforms: ['user'], set: [['user', lines]] });
  expect(body).toEqual({ user: { cookie: `${user}=u; __Host-signet-user-device=d` }, portal: {} });
  expect(set).toEqual(['__Host-signet-user-device=new; Path=/']);
});

test.each([
  ['user', { user: { cookie: `${user}=u` }, portal: {} }],
  ['portal', { user: {}, portal: { cookie: `${portal}=p` } }],
] as const)("at %s's entrance, the other platform's cookie stays outside", async (platform, expected) => {
  const { body } = await ask({ ...fromShop, cookie: `${user}=u; ${portal}=p` }, { platforms: [platform] });
  expect(body).toEqual(expected);
});

test('hands on a cookie of the platform that was asked, and nothing else', async () => {
  const lines = [
    `${user}=new; Path=/; Secure`,
    `${portal}=smuggled; Path=/`,
    'session=smuggled',
    ` ${user}=smuggled`,
    `${user.toUpperCase()}=smuggled`,
    `${user}2=smuggled`,
    '',
  ];
  const { set } = await ask(fromShop, {
    set: [
      ['user', lines],
      ['portal', 'x=1'],
      ['portal', []],
    ],
  });
  expect(set).toEqual([`${user}=new; Path=/; Secure`]);
});

test.each([{}, { origin: shop }, { origin: 'https://evil.example' }])(
  'passes no cookie, in either direction, that is not asked for: %j',
  async (headers) => {
    const set: Options['set'] = [['user', `${user}=new`]];
    const answer = await ask({ ...headers, cookie: `${user}=u` } as Record<string, string>, { set });
    expect(answer).toEqual({ status: 200, set: [], body: {} });
  },
);

test('passes no cookie with a GET, which can change nothing', async () => {
  expect(await ask({ ...fromShop, cookie: `${user}=u` }, {}, 'GET')).toMatchObject({ status: 200, body: {} });
});

test.each([
  ['of a foreign page', { origin: 'https://evil.example' }, 403, 'authz.permission.deny'],
  ['of a page of another port', { origin: 'http://127.0.0.1:1' }, 403, 'authz.permission.deny'],
  ['of a sandboxed page', { origin: 'null' }, 403, 'authz.permission.deny'],
  ['without an Origin', {}, 403, 'authz.permission.deny'],
  [
    'with two cookies of a name',
    { origin: shop, cookie: `${user}=1; ${user}=2` },
    401,
    'auth.failure.malformed',
  ],
  ['of another kind', { origin: shop, 'signet-session': 'body' }, 400, 'input.session'],
  ['asked twice', { origin: shop, 'signet-session': 'cookie, cookie' }, 400, 'input.session'],
])('refuses a request for cookies %s', async (_title, headers, status, reason) => {
  const answer = await ask({ 'signet-session': 'cookie', ...headers } as Record<string, string>);
  expect(answer.status).toBe(status);
  expect(answer.body.errors?.[0]?.extensions.reason).toBe(reason);
});

test.each([
  [
    'of a name of this machine that is another site',
    { origin: 'http://localhost:5173' },
    /Open the page at http:\/\/127\.0\.0\.1:5173, or/,
  ],
  ['as its browser says', { origin: shop, 'sec-fetch-site': 'cross-site' }, /Serve both from one/],
])(
  'refuses a page of another site, whose cookie would be dropped, and says what to do: %s',
  async (_title, headers, text) => {
    const { status, body, set } = await ask(
      { 'signet-session': 'cookie', ...headers } as Record<string, string>,
      { set: [['user', `${user}=new`]] },
    );
    expect([status, set]).toEqual([400, []]);
    expect(body.errors?.[0]).toMatchObject({
      message: expect.stringMatching(text),
      extensions: { reason: 'input.session' },
    });
    expect(refused).toEqual([[headers.origin, 'belongs to another site']]);
  },
);

test.each([
  ['http://localhost:5173', 'localhost:4001', 'same-site'],
  ['http://127.0.0.1:5173', '127.0.0.1:4001', undefined],
  ['http://[::1]:5173', '[::1]:4001', undefined],
  ['https://shop.example', 'api.shop.example', 'same-site'],
  ['https://shop.example', 'api.shop.example', undefined],
  // A proxy may call the entrance by another name than browsers do.
  ['https://shop.example', 'gateway-user:4001', 'same-site'],
  ['https://shop.example', 'gateway-user:4001', undefined],
])('finds no fault in a page of %s at %s (Sec-Fetch-Site: %s)', (origin, host, site) => {
  expect(findSiteFault({ origin, host, ...(site && { 'sec-fetch-site': site }) })).toBeUndefined();
});

test.each([
  ['http://127.0.0.1:5173', 'localhost:4001', 'http://localhost:5173', 'http://127.0.0.1:4001'],
  ['http://localhost:5173', '[::1]:4001', 'http://[::1]:5173', 'http://localhost:4001'],
  ['http://localhost', '127.0.0.1', 'http://127.0.0.1', 'http://localhost'],
])('names both ways out for a page of %s at %s', (origin, host, page, entrance) => {
  const text = findSiteFault({ origin, host });
  expect(text).toContain(`Open the page at ${page}, or call this entrance at ${entrance}.`);
});

test('refuses every request for cookies where they are off', async () => {
  const { status, body } = await ask(fromShop, { areOffered: false });
  expect([status, body.errors?.[0]?.extensions.reason]).toEqual([400, 'input.session']);
});

const listed = new Set(['https://shop.example', 'http://localhost:3000']);

test.each([
  ['https://shop.example', 'api.example'],
  ['http://localhost:3000', 'localhost:4001'],
  ['https://api.example', 'api.example'],
  ['https://api.example', 'API.example'],
  ['https://api.example:8443', 'api.example:8443'],
  ['http://localhost:4001', 'localhost:4001'],
  ['http://127.0.0.1:4001', '127.0.0.1:4001'],
  ['http://[::1]:4001', '[::1]:4001'],
])('trusts a page of %s at %s', (origin, host) => {
  expect(isTrustedOrigin(origin, host, listed)).toBe(true);
});

test.each([
  [undefined, 'api.example'],
  ['null', 'api.example'],
  ['', ''],
  ['https://evil.example', 'api.example'],
  ['https://shop.example.evil.example', 'api.example'],
  ['https://shop.example/', 'api.example'],
  ['http://shop.example', 'api.example'],
  ['https://api.example:8443', 'api.example'],
  // Same site in a browser's eyes, and so sent with every SameSite cookie.
  ['http://localhost:9999', 'localhost:4001'],
  ['https://blog.api.example', 'api.example'],
  // A page of our own name over plain http: anybody on the network can serve it.
  ['http://api.example', 'api.example'],
  ['http://localhost.evil.example', 'localhost.evil.example'],
  ['https://api.example', undefined],
])('does not trust a page of %s at %s', (origin, host) => {
  expect(isTrustedOrigin(origin, host, listed)).toBe(false);
});
