import { request } from 'node:http';
import { join } from 'node:path';
import { createTestGateway, postGraphql } from '@signet/testing';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChromium } from '../../gateway/src/pages/chromium.test-support.ts';
import { walkExplorer } from '../../gateway/src/pages/explorer-walk.test-support.ts';
import { startProcess, startTestPlatform, type TestPlatform } from './platform.test-support.ts';
import { portsFrom } from './ports.ts';

let platform: TestPlatform;
let url: string;
let portBase: number;
let statements = 0;
let userToken: string;
let portalToken: string;

beforeAll(async () => {
  platform = await startTestPlatform({}, { onQuery: countStatement });
  ({ portBase } = platform);
  url = platform.urlOf('graph');
  userToken = await platform.signIn('user', 'ada@example.com');
  portalToken = await platform.signIn('portal', 'operations@example.com');
});
afterAll(() => platform?.stop());

function countStatement(): void {
  statements += 1;
}

test.each([
  ['the entrance with both doors', [0]],
  ['the entrances for customers and for staff', [1, 2]],
])('the smoke walk holds at %s', async (_title, offsets) => {
  const urls = offsets.map((offset) => `http://localhost:${portBase + offset}`);
  const smoke = startProcess('npm', ['run', '-s', 'smoke', '--', ...urls], {
    ...platform.home.variables,
    PORT_BASE: String(portBase),
  });
  const { code } = await smoke.exit();
  expect(smoke.output()).toContain('All of it holds');
  expect(smoke.output()).not.toContain(userToken);
  expect(code).toBe(0);
});

test('the smoke walk fails against a gateway that is not there', async () => {
  const smoke = startProcess('npm', ['run', '-s', 'smoke', '--', `http://127.0.0.1:${portBase + 27}`], {});
  expect((await smoke.exit()).code).toBe(1);
  expect(smoke.output()).toMatch(/can't be reached .* npm start/);
});

test('a developer signs in, browses, runs a query and meets a refusal in the explorer', async () => {
  const browser = await startChromium();
  try {
    await walkExplorer(await browser.newPage(), new URL(url).origin, {
      customer: 'ada@example.com',
      staff: 'support@example.com',
    });
  } finally {
    await browser.close();
  }
}, 180_000); // Some thirty steps of a browser, which starts while other files run.

describe('a federated page', () => {
  const page = `query ($first: Int!) { customers(first: $first) { edges { node {
    emailVerified assignees { email } supportNotes(first: 3) { edges { node { author { email } } } }
  } } } }`;

  async function countStatements(first: number): Promise<{ count: number; customers: number }> {
    const before = statements;
    const { body } = await postGraphql(url, { query: page, variables: { first } }, { token: portalToken });
    expect(body.errors).toBeUndefined();
    return { count: statements - before, customers: body.data.customers.edges.length };
  }

  test('takes as many SQL statements for all customers with notes and their authors as for 20', async () => {
    await countStatements(100);
    const small = await countStatements(20);
    const large = await countStatements(100);
    expect(large.customers).toBeGreaterThan(small.customers);
    expect(large.count).toBe(small.count);
    expect(small.count).toBeGreaterThan(0);
  });
});

describe('tokens', () => {
  test.each([
    ['truncated', () => userToken.slice(0, -20), 401],
    ['without a signature', () => userToken.split('.').slice(0, 2).join('.'), 401],
    ['of another kind', () => 'not-a-token', 401],
    ['with a space in it', () => `${userToken} x`, 401],
  ])('a token %s is refused before any subgraph is called', async (_title, token, status) => {
    const before = statements;
    const answer = await postGraphql(url, { query: '{ me { id } }' }, { token: token() });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
    expect(answer.body.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect(answer.body.data).toBeUndefined();
    expect(statements).toBe(before);
  });

  test('a token of 1 MB is refused with an answer that can be read', async () => {
    const status = await sendRaw([['Authorization', `Bearer ${'a'.repeat(1_000_000)}`]]);
    expect(status).toBe(431);
  });

  test('two Authorization headers are refused', async () => {
    const status = await sendRaw([
      ['Authorization', `Bearer ${userToken}`],
      ['Authorization', `Bearer ${portalToken}`],
    ]);
    expect(status).toBe(401);
  });

  test('a subgraph that is asked directly verifies too', async () => {
    const portal = `http://127.0.0.1:${portsFrom(portBase).subgraphs.portal}/graphql`;
    const gateway = createTestGateway({ recipient: 'portal', folder: join(platform.home.path, 'proof') });
    const query = '{ customers(first: 1) { totalCount } }';
    const forged = await gateway.post(portal, { query }, { token: `${portalToken.slice(0, -4)}AAAA` });
    expect(forged.status).toBe(401);
    const nobody = await gateway.post(portal, { query });
    expect(nobody.body.errors?.[0]?.extensions.reason).toBe('auth.failure.missing_token');
    const wrong = await gateway.post(portal, { query }, { token: userToken });
    expect(wrong.body.errors?.[0]?.extensions.reason).toBe('authz.platform.deny');
  });

  function sendRaw(headers: [string, string][]): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const body = JSON.stringify({ query: '{ __typename }' });
      const req = request(
        url,
        {
          method: 'POST',
          headers: [
            ['Host', 'localhost'],
            ['Content-Type', 'application/json'],
            ['Content-Length', String(body.length)],
            ...headers,
          ].flat(),
        },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      req.on('error', reject);
      req.end(body);
    });
  }
});

describe('bad input', () => {
  const cases: [
    string,
    string,
    Record<string, unknown>,
    () => string | undefined,
    string,
    string | undefined,
  ][] = [
    [
      'a NUL byte in an e-mail',
      'mutation ($v: String!) { login(input: { email: $v, password: "long enough words" }) { accessToken } }',
      { v: 'ada\u0000@example.com' },
      () => undefined,
      'UNAUTHENTICATED',
      'auth.failure.invalid_credentials',
    ],
    [
      'an e-mail of 10 KB',
      'mutation ($v: String!) { login(input: { email: $v, password: "long enough words" }) { accessToken } }',
      { v: `${'a'.repeat(10_000)}@example.com` },
      () => undefined,
      'UNAUTHENTICATED',
      'auth.failure.invalid_credentials',
    ],
    [
      'an e-mail of 10 KB at register',
      'mutation ($v: String!) { register(input: { email: $v, password: "long enough words", fullName: "A" }) { accessToken } }',
      { v: `${'a'.repeat(10_000)}@example.com` },
      () => undefined,
      'BAD_USER_INPUT',
      'input.email',
    ],
    [
      'a taken e-mail at register',
      'mutation ($v: String!) { register(input: { email: $v, password: "long enough words", fullName: "A" }) { accessToken } }',
      { v: 'ADA@example.com' },
      () => undefined,
      'BAD_USER_INPUT',
      'input.email',
    ],
    [
      'a NUL byte in a search',
      'query ($v: String!) { customers(search: $v) { totalCount } }',
      { v: 'a\u0000b' },
      () => portalToken,
      'BAD_USER_INPUT',
      'input.search',
    ],
    [
      'a text that is not an id',
      'query ($v: ID!) { customer(id: $v) { id } }',
      { v: "1' or 1=1" },
      () => portalToken,
      'BAD_USER_INPUT',
      'input.id',
    ],
    [
      'a page of 101',
      '{ customers(first: 101) { totalCount } }',
      {},
      () => portalToken,
      'BAD_USER_INPUT',
      'input.first',
    ],
    [
      'a page of 1001',
      '{ customers(first: 1001) { totalCount } }',
      {},
      () => portalToken,
      'BAD_USER_INPUT',
      'request.limit.list_size',
    ],
    [
      'a text that is not a cursor',
      '{ customers(after: "x") { totalCount } }',
      {},
      () => portalToken,
      'BAD_USER_INPUT',
      'input.after',
    ],
    [
      'a number beyond Int',
      'query ($v: Int!) { customers(first: $v) { totalCount } }',
      { v: 99_999_999_999 },
      () => portalToken,
      'BAD_USER_INPUT',
      'input.v',
    ],
    [
      'a password as a number',
      'mutation ($v: LoginInput!) { login(input: $v) { accessToken } }',
      { v: { email: 'a@example.com', password: 1234567 } },
      () => undefined,
      'BAD_USER_INPUT',
      'input.password',
    ],
    ['an unknown field', '{ nothing }', {}, () => undefined, 'GRAPHQL_VALIDATION_FAILED', undefined],
    [
      'a document that does not parse',
      '{ customers(',
      {},
      () => undefined,
      'GRAPHQL_PARSE_FAILED',
      undefined,
    ],
  ];

  test.each(cases)('%s', async (_title, query, variables, token, code, reason) => {
    const bearer = token();
    const answer = await postGraphql(url, { query, variables }, bearer ? { token: bearer } : {});
    expect(answer.body.errors?.[0]?.extensions).toEqual(reason ? { code, reason } : { code });
    expect(answer.status).toBeLessThan(500);
    const text = JSON.stringify(answer.body);
    expect(text).not.toMatch(/stack|select |insert |postgres|node_modules|1234567|:\d{5}\//i);
  });

  test.each([
    ['malformed JSON', '{"query":', 'application/json', 400],
    [
      'a body of 2 MB',
      JSON.stringify({ query: `{ __typename } #${'x'.repeat(2_000_000)}` }),
      'application/json',
      413,
    ],
    ['text', '{ __typename }', 'text/plain', 415],
    ['an array', '[{"query":"{ __typename }"}]', 'application/json', 400],
    ['a prototype', '{"query":"{ __typename }","__proto__":{"x":1}}', 'application/json', 400],
  ])('%s', async (_title, body, contentType, status) => {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body });
    expect(response.status).toBe(status);
    const answer = (await response.json()) as { errors: { extensions: { code: string } }[] };
    expect(answer.errors[0]?.extensions.code).toBe('BAD_REQUEST');
  });

  test.each([
    [
      'several operations and no name',
      { query: 'query A { __typename } query B { __typename }' },
      'OPERATION_RESOLUTION_FAILURE',
    ],
    [
      'a name that no operation has',
      { query: 'query A { __typename }', operationName: 'Z' },
      'OPERATION_RESOLUTION_FAILURE',
    ],
    [
      'a name from a prototype',
      { query: 'query A { __typename } query B { __typename }', operationName: '__proto__' },
      'OPERATION_RESOLUTION_FAILURE',
    ],
    ['a subscription', { query: 'subscription { x }' }, 'BAD_REQUEST'],
    ['a subscription to its type name', { query: 'subscription { __typename }' }, 'BAD_REQUEST'],
  ])('%s', async (_title, request, code) => {
    const folder = join(platform.home.path, 'proof');
    const subgraphs = Object.entries(portsFrom(portBase).subgraphs);
    // The entrances, and the subgraphs as a gateway asks them.
    for (const [port, subgraph] of [
      ...[0, 1, 2].map((offset) => [portBase + offset] as const),
      ...subgraphs.map(([name, subgraphPort]) => [subgraphPort, name] as const),
    ]) {
      const post = subgraph ? createTestGateway({ recipient: subgraph, folder }).post : postGraphql;
      const answer = await post(`http://localhost:${port}/graphql`, request);
      expect([port, answer.status < 500, answer.body.errors?.[0]?.extensions.code]).toEqual([
        port,
        true,
        code,
      ]);
    }
  });

  test('a host that is not ours is refused', async () => {
    const status = await new Promise((resolve, reject) => {
      request(url, { method: 'GET', headers: { host: 'evil.example' } }, (response) =>
        resolve(response.resume().statusCode),
      )
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });
});

describe('tenants', () => {
  test('the same e-mail in another tenant is another account', async () => {
    const elsewhere = await platform.signIn('user', 'ada@example.com', { 'x-tenant': 'globex' });
    const here = await postGraphql(url, { query: '{ me { id email } }' }, { token: userToken });
    const there = await postGraphql(url, { query: '{ me { id email } }' }, { token: elsewhere });
    expect(there.body.data.me.email).toBe(here.body.data.me.email);
    expect(there.body.data.me.id).not.toBe(here.body.data.me.id);
  });

  test('a token and another tenant contradict each other', async () => {
    const answer = await postGraphql(
      url,
      { query: '{ me { id } }' },
      { token: userToken, headers: { 'x-tenant': 'globex' } },
    );
    expect(answer.body.errors?.[0]?.extensions).toEqual({
      code: 'UNAUTHENTICATED',
      reason: 'auth.tenant_mismatch',
    });
  });

  test('a tenant that does not exist is an input error', async () => {
    const query = 'mutation { login(input: { email: "ada@example.com", password: "x" }) { accessToken } }';
    const answer = await postGraphql(url, { query }, { headers: { 'x-tenant': 'nobody' } });
    expect(answer.body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', reason: 'input.tenant' });
  });
});

describe('a frontend on another port', () => {
  const preflight = (origin: string) =>
    fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });

  test('may call when it is on the list', async () => {
    const { headers } = await preflight('http://localhost:5173');
    expect(headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
    expect(headers.get('access-control-allow-headers')).toMatch(/authorization/);
  });

  test('may not when it is not', async () => {
    const { headers } = await preflight('http://localhost:5199');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

test('the gateway publishes both key sets apart, and together for tools', async () => {
  const read = async (path: string) =>
    ((await (await fetch(`${new URL(url).origin}${path}`)).json()) as { keys: { kid: string; d?: string }[] })
      .keys;
  const user = await read('/.well-known/jwks/user.json');
  const portal = await read('/.well-known/jwks/portal.json');
  const both = await read('/.well-known/jwks.json');
  expect(both).toEqual([...user, ...portal]);
  expect(new Set(both.map(({ kid }) => kid)).size).toBe(both.length);
  expect(both.every((key) => key.d === undefined)).toBe(true);
});
