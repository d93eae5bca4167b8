import { postGraphql, reasonsOf } from '@signet/testing';
import { auditServer } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildExplorer } from '../pages/explorer-build.test-support.ts';
import { startTestGateway, type TestGateway } from './entrance.test-support.ts';

const introspection = '{ __schema { types { name } } }';
const open = (gateway: TestGateway, entrance: 'graph' | 'user' | 'portal', path: string) =>
  fetch(gateway.urls[entrance] + path, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
const preflighted = { 'apollo-require-preflight': 'yes' };

describe('an entrance in development', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({
      CORS_ORIGINS: 'https://tools.example',
      USER_CORS_ORIGINS: 'https://shop.example',
    });
  });
  afterAll(() => gateway.stop());

  it.each(['graph', 'user', 'portal'] as const)(
    'passes the audit of GraphQL over HTTP (%s)',
    async (entrance) => {
      const results = await auditServer({
        url: `${gateway.urls[entrance]}/graphql`,
        // A GET without a header that makes browsers ask first is refused, as the draft allows; see below.
        fetchFn: (url: string, init: RequestInit = {}) =>
          fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), ...preflighted } }),
      });
      expect(
        results.filter(({ status }) => status !== 'ok').map(({ name, status }) => `${status}: ${name}`),
      ).toEqual([]);
      expect(results).toHaveLength(61);
    },
  );

  it('takes queries by GET from clients that browsers would ask for, and no mutations', async () => {
    const get = (query: string, headers: Record<string, string> = preflighted) =>
      fetch(`${gateway.urls.user}/graphql?${new URLSearchParams({ query })}`, { headers });
    expect(await (await get('{ __typename }')).json()).toEqual({ data: { __typename: 'Query' } });
    expect((await get('{ __typename }', {})).status).toBe(400);
    expect((await get('{ __typename }', { 'content-type': 'text/plain' })).status).toBe(400);
    const mutation = await get('mutation { logout(input: {refreshToken: "x"}) }');
    expect([mutation.status, mutation.headers.get('allow')]).toEqual([405, 'POST']);
    expect(gateway.takeCalls()).toEqual([]);
  });

  it('runs nothing for a client that takes no form of the answer', async () => {
    const query = 'mutation { logout(input: {refreshToken: "x"}) }';
    const answer = await postGraphql(
      `${gateway.urls.user}/graphql`,
      { query },
      { headers: { accept: 'text/html' } },
    );
    expect([answer.status, reasonsOf(answer)]).toEqual([406, ['BAD_REQUEST']]);
    expect(gateway.takeCalls()).toEqual([]);
  });

  it.each([
    ['graph', '/graphql', /for customers and staff/],
    ['user', '/', /for customers</],
    ['user', '/graphql', /href="http:\/\/localhost:\d+\/explorer"/],
    ['portal', '/', /for staff</],
    ['portal', '/graphql', /docs\/sessions\.md/],
  ] as const)('says what it is to who opens it in a browser (%s%s)', async (entrance, path, text) => {
    const response = await open(gateway, entrance, path);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; .*frame-ancestors 'none'; style-src 'sha256-[^']+'; img-src data:$/,
    );
    expect(await response.text()).toMatch(text);
  });

  it('runs no operation of a link, and shows its page instead', async () => {
    const link = await open(
      gateway,
      'user',
      `/graphql?${new URLSearchParams({ query: '{ products(first: 1) { totalCount } }' })}`,
    );
    expect([link.status, await link.text()]).toEqual([400, expect.stringContaining('<html')]);
    expect(gateway.takeCalls()).toEqual([]);
  });

  it.each(['*/*', 'application/json'])('gives programs no page (Accept: %s)', async (accept) => {
    for (const [path, status] of [
      ['/', 404],
      ['/graphql', 400],
    ] as const) {
      const response = await fetch(gateway.urls.user + path, { headers: { accept } });
      expect([path, response.status]).toEqual([path, status]);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: expect.any(String) } }] });
    }
    const { status } = await fetch(`${gateway.urls.user}/graphql?query={__typename}`, {
      headers: { accept: `text/html, ${accept}`, ...preflighted },
    });
    expect(status).toBe(200);
  });

  it('says of every answer that it depends on the origin, also where it may be kept for a year', async () => {
    await buildExplorer();
    const explorer = await (await fetch(`${gateway.urls.graph}/explorer`)).text();
    const files = [...explorer.matchAll(/(?:href|src)="(\/[^"]+\.(?:js|css))"/g)].map(
      ([, path = '']) => path,
    );
    expect(files.some((path) => path.startsWith('/explorer/assets/'))).toBe(true);
    for (const path of [
      ...files,
      '/',
      '/explorer',
      '/graphql',
      '/none',
      '/health/live',
      '/health/started',
      '/.well-known/jwks/user.json',
    ]) {
      for (const origin of ['https://tools.example', 'https://evil.example', undefined]) {
        const accept = 'text/html, */*';
        const { headers } = await fetch(gateway.urls.graph + path, {
          headers: { accept, ...(origin && { origin }) },
        });
        expect([path, origin, headers.get('vary')]).toEqual([
          path,
          origin,
          expect.stringMatching(/(^|, )Origin(,|$)/),
        ]);
      }
    }
  });

  it('takes one operation in a request', async () => {
    const response = await fetch(`${gateway.urls.user}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ query: '{ __typename }' }, { query: '{ __typename }' }]),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'HEAD'])('answers %s with 405 and what it takes', async (method) => {
    const response = await fetch(`${gateway.urls.user}/graphql`, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST, OPTIONS']);
  });

  it('answers under every name of this machine', async () => {
    const port = new URL(gateway.urls.user).port;
    for (const host of [`localhost:${port}`, `[::1]:${port}`, 'LOCALHOST']) {
      const { request } = await import('node:http');
      const status = await new Promise((resolve, reject) => {
        const headers = { host, 'content-type': 'application/json' };
        const req = request(`${gateway.urls.user}/graphql`, { method: 'POST', headers }, (res) => {
          res.resume();
          resolve(res.statusCode);
        });
        req.on('error', reject).end(JSON.stringify({ query: '{ __typename }' }));
      });
      expect([host, status]).toEqual([host, 200]);
    }
  });

  it('answers pages of its own list and of the common one, not of another entrance’s', async () => {
    const allowed = async (entrance: 'graph' | 'user' | 'portal', origin: string) =>
      (await fetch(`${gateway.urls[entrance]}/graphql`, { headers: { origin } })).headers.get(
        'access-control-allow-origin',
      );
    expect(await allowed('user', 'https://shop.example')).toBe('https://shop.example');
    expect(await allowed('portal', 'https://shop.example')).toBeNull();
    expect(await allowed('graph', 'https://shop.example')).toBeNull();
    for (const entrance of ['graph', 'user', 'portal'] as const) {
      expect(await allowed(entrance, 'https://tools.example')).toBe('https://tools.example');
      expect(await allowed(entrance, 'null')).toBeNull();
    }
    const headers = { 'signet-session': 'cookie', origin: 'https://shop.example' };
    const ask = (entrance: 'user' | 'portal') =>
      postGraphql(`${gateway.urls[entrance]}/graphql`, { query: '{ __typename }' }, { headers });
    expect((await ask('user')).status).toBe(200);
    expect(reasonsOf(await ask('portal'))).toEqual(['authz.permission.deny']);
  });
});

describe('an entrance with the production surface', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ SURFACE: 'production' });
  });
  afterAll(() => gateway.stop());

  const ask = (entrance: 'graph' | 'user' | 'portal', query: string, token?: string, variables = {}) =>
    postGraphql(`${gateway.urls[entrance]}/graphql`, { query, variables }, token ? { token } : {});

  it.each([
    ['graph', 'anonymous'],
    ['graph', 'customer'],
    ['graph', 'staff'],
    ['user', 'anonymous'],
    ['user', 'customer'],
    ['portal', 'anonymous'],
  ] as const)('shows no schema at %s to %s', async (entrance, who) => {
    const token = who === 'anonymous' ? undefined : gateway.tokens[who];
    for (const query of [
      introspection,
      '{ a: __type(name: "User") { name } }',
      `{ ...A } fragment A on Query ${introspection}`,
    ]) {
      const answer = await ask(entrance, query, token);
      expect([answer.status, reasonsOf(answer)]).toEqual([400, ['GRAPHQL_VALIDATION_FAILED']]);
      expect(answer.body).not.toHaveProperty('data');
    }
    expect((await ask(entrance, '{ __typename }', token)).body).toEqual({ data: { __typename: 'Query' } });
  });

  it('shows staff the schema at portal, even if others asked the same before', async () => {
    for (let round = 0; round < 3; round += 1) {
      expect(reasonsOf(await ask('portal', introspection))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
      const shown = await ask('portal', introspection, gateway.tokens.staff);
      expect(shown.body.data.__schema.types.length).toBeGreaterThan(20);
    }
  });

  it.each([
    ['a field', '{ mee { id } }', {}],
    ['an argument', '{ products(firs: 1) { totalCount } }', {}],
    ['a required argument', '{ product { id } }', {}],
    ['a type', 'query ($a: Usr) { __typename }', {}],
    ['a type of a fragment', '{ me { ... on Usr { id } } }', {}],
    ['a selection', '{ me }', {}],
    ['an input field', 'mutation { login(input: {emal: "a", password: "b"}) { accessToken } }', {}],
    ['a required input field', 'mutation { login(input: {email: "a"}) { accessToken } }', {}],
    ['a directive', '{ __typename @inclde(if: true) }', {}],
    [
      'a variable',
      'mutation ($i: LoginInput!) { login(input: $i) { accessToken } }',
      { i: { emal: 'a', password: 'b' } },
    ],
  ])('suggests nothing to who sends %s wrong', async (_, query, variables) => {
    const sent = new Set(`${query} ${JSON.stringify(variables)}`.match(/\w+/g));
    for (const entrance of ['graph', 'user'] as const) {
      const answer = await ask(entrance, query, undefined, variables);
      const texts = (answer.body.errors ?? []).map(({ message }) => message);
      expect(texts.length).toBeGreaterThan(0);
      for (const text of texts) {
        expect(text).not.toMatch(/did you mean/i);
        const named = [...text.matchAll(/["'`]([^"'`]*)["'`]/g)].flatMap(
          ([, name = '']) => name.match(/\w+/g) ?? [],
        );
        expect(
          named.filter((name) => !sent.has(name)),
          text,
        ).toEqual([]);
      }
    }
  });

  it('has no pages for developers and no accounts', async () => {
    for (const path of ['/explorer', '/sandbox', '/page-files/x']) {
      const response = await fetch(gateway.urls.graph + path, { headers: { accept: 'text/html' } });
      expect([path, response.status]).toEqual([path, 404]);
    }
  });

  it('tells who opens it in a browser that it is an API, the same at every entrance, and nothing more', async () => {
    const pages = new Set<string>();
    for (const entrance of ['graph', 'user', 'portal'] as const) {
      for (const path of ['/', '/graphql', '/graphql?query={me{id}}']) {
        const response = await open(gateway, entrance, path);
        expect([path, response.status]).toEqual([path, path.includes('?') ? 400 : 200]);
        pages.add(await response.text());
      }
    }
    const [page = ''] = pages;
    expect(pages.size).toBe(1);
    expect(page).toContain('This address is for programs.');
    expect(page).not.toMatch(
      /signet|customer|staff|portal|entrance|sandbox|explorer|docs|<script|href="(?!data:,")/i,
    );
  });

  it('lets nobody keep what depends on who asks', async () => {
    for (const token of [undefined, gateway.tokens.customer, 'nonsense']) {
      const { headers } = await ask('user', '{ me { id } }', token);
      expect(headers.get('cache-control')).toBe('private, no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('strict-transport-security')).toBeNull();
    }
    const keys = await fetch(`${gateway.urls.user}/.well-known/jwks/user.json`);
    expect(keys.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
  });
});

it('promises https where clients come by https', async () => {
  const gateway = await startTestGateway({ ISSUER_URL: 'https://id.example' });
  const { headers } = await fetch(`${gateway.urls.user}/health/live`);
  expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
  await gateway.stop();
});
