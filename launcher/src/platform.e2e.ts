import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { findCaller } from '@signet/db';
import { createTestGateway, postGraphql } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProcess, startSignet, startTestPlatform, type TestPlatform } from './platform.test-support.ts';
import { portsFrom } from './ports.ts';
import { type SmokeProvider, writeSmokeProvider } from './smoke-provider.test-support.ts';

let platform: TestPlatform;
let provider: SmokeProvider;
let url: string;
let portBase: number;
let statements = 0;
let userToken: string;
let portalToken: string;

beforeAll(async () => {
  provider = await writeSmokeProvider();
  platform = await startTestPlatform(provider.variables, { onQuery: countStatement });
  ({ portBase } = platform);
  url = platform.urlOf('graph');
  userToken = await platform.signIn('user', 'ada@example.com');
  portalToken = await platform.signIn('portal', 'operations@example.com');
});
afterAll(async () => {
  await platform?.stop();
  await provider?.remove();
});

/** What processes do by themselves, each second for example, is no part of a request. */
function countStatement(): void {
  if (findCaller() !== undefined) statements += 1;
}

test.each([
  ['the entrance with both doors', [0], []],
  ['the entrances for customers and for staff, with telemetry', [1, 2], ['--telemetry']],
])('the smoke walk holds at %s', async (_title, offsets, options) => {
  const urls = offsets.map((offset) => `http://localhost:${portBase + offset}`);
  const smoke = startSignet(['smoke', ...options, ...urls], {
    ...platform.home.variables,
    ...provider.variables,
    PORT_BASE: String(portBase),
  });
  const { code } = await smoke.exit();
  expect(smoke.output()).toContain('All of it holds');
  expect(smoke.output()).toContain('ok    signing out at the provider ends the session');
  expect(smoke.output().includes('ok    the metrics count what the walk did')).toBe(options.length > 0);
  expect(smoke.output()).not.toContain(userToken);
  expect(code).toBe(0);
});

test('the example of docs/oauth.md gets a token, and reads a field that admits services', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const token = await platform.signIn('portal', 'admin@example.com');
  const change = async (text: string, variables: object = {}) => {
    const { body } = await postGraphql(url, { query: text, variables: { ...variables } }, { token });
    expect(body.errors).toBeUndefined();
    return body.data;
  };
  const { createServiceAccount } = await change(
    `mutation { createServiceAccount(input: { side: PORTAL, name: "Nightly report", scopes: ["customers:read"], reason: "A test." }) { id } }`,
  );
  await change(
    `mutation ($id: ID!, $jwk: JSONObject!) { registerServiceKey(input: { side: PORTAL, serviceAccount: $id, jwk: $jwk, reason: "A test." }) { id } }`,
    { id: createServiceAccount.id, jwk: publicKey.export({ format: 'jwk' }) },
  );
  const keyFile = join(platform.home.path, 'service-key.json');
  writeFileSync(keyFile, JSON.stringify(privateKey.export({ format: 'jwk' })));
  const query = '{ customers(first: 1) { edges { node { email } } } }';
  const script = join(import.meta.dirname, '../../docs/oauth/request-token.mjs');
  const run = startProcess(
    'node',
    [script, `http://localhost:${portBase + 2}`, 'portal', createServiceAccount.id, keyFile, query],
    {},
  );
  expect([(await run.exit()).code, run.output()]).toEqual([
    0,
    expect.stringMatching(/a token for 600 s, scope: customers:read\n\{"data":\{"customers":\{"edges":\[\{/),
  ]);
});

test('the smoke walk fails against a gateway that is not there', async () => {
  const smoke = startProcess('npm', ['run', '-s', 'smoke', '--', `http://127.0.0.1:${portBase + 27}`], {});
  expect((await smoke.exit()).code).toBe(1);
  expect(smoke.output()).toMatch(/can't be reached .* npm start/);
});

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
