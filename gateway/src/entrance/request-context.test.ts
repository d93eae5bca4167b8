import { createHttpServer, createLogger, listen, parseSignetContext } from '@signet/service';
import { anonymousSession, type Verifier } from '@signet/session';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClientAddressReader, createProxyCheck } from '../admission/client-address.ts';
import { createSessionCookieGate } from '../admission/session-cookie-gate.ts';
import { createRequestContext, type GatewayContext } from './request-context.ts';

let server: FastifyInstance;
let url: string;
let context: GatewayContext;

beforeAll(async () => {
  const verifier: Verifier = {
    issuers: [],
    verifyKnown: () => undefined,
    verify: async (token) =>
      token === 'down' ? { kind: 'unavailable' } : { kind: 'refused', reason: 'auth.failure.expired' },
  };
  const createContext = createRequestContext({
    reports: { add() {} },
    acting: { add() {} },
    entrance: 'graph',
    verifier,
    readClientAddress: createClientAddressReader(createProxyCheck([])),
    tenantsByHost: new Map([['localhost', 'acme']]),
    timeoutMs: 15_000,
    cookieGate: createSessionCookieGate({
      platforms: ['user'],
      origins: [],
      areOffered: true,
      refusedOrigins: { add() {} },
    }),
  });
  server = createHttpServer({ logger: createLogger('test', 'silent') });
  server.route({
    method: ['GET', 'POST'],
    url: '/',
    handler: async (request, reply) => {
      context = await createContext(request, reply);
      return {};
    },
  });
  url = await listen(server, { host: '127.0.0.1', port: 0 });
});
afterAll(() => server.close());

async function describe(headers: Record<string, string>, base = url) {
  await fetch(base, { headers });
  return parseSignetContext(context.signetContext);
}

test("tells subgraphs who asks; the client's own Signet-Context and forwarding headers count for nothing", async () => {
  const described = await describe({
    'user-agent': 'A "phone"',
    'signet-context': 'id="forged", entrance="portal", tenant="globex"',
    'x-forwarded-for': '6.6.6.6',
    'x-request-id': 'forged',
  });
  expect(described).toEqual({
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    entrance: 'graph',
    clientAddress: '127.0.0.1',
    device: 'A "phone"',
    hasToken: false,
  });
  expect(context).toMatchObject({ session: anonymousSession, authorization: undefined });
});

test("the tenant is the host's, else that of x-tenant", async () => {
  expect(await describe({ 'x-tenant': 'globex' })).toMatchObject({ tenant: 'globex' });
  const base = url.replace('127.0.0.1', 'LOCALHOST');
  expect(await describe({ 'x-tenant': 'globex' }, base)).toMatchObject({ tenant: 'acme' });
});

test.each([
  ['', undefined],
  ['ä', '?'],
  ['a"b\\c', 'a"b\\c'],
  ['a", entrance="portal', 'a", entrance="portal'],
  ['x'.repeat(8000), 'x'.repeat(400)],
])('an odd x-tenant is a text and nothing else', async (sent, tenant) => {
  const described = await describe({ 'x-tenant': sent });
  expect(described?.tenant).toBe(tenant);
  expect(described).toMatchObject({ entrance: 'graph', clientAddress: '127.0.0.1', hasToken: false });
});

test('an empty Authorization is none, as Apollo Client sends it for a user who is signed out', async () => {
  for (const authorization of ['', '  ']) {
    expect(await describe({ authorization })).toMatchObject({ hasToken: false });
    expect(context).toMatchObject({ session: anonymousSession, authorization: undefined });
  }
});

test.each([
  ['Bearer old', 401, 'auth.failure.expired'],
  ['Basic abc', 401, 'auth.failure.malformed'],
  ['Bearer', 401, 'auth.failure.malformed'],
  ['Bearer down', 503, 'auth.unavailable'],
])('with %s no context comes about', async (authorization, status, reason) => {
  const answer = await fetch(url, { headers: { authorization } });
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ errors: [{ extensions: { reason } }] });
});

test('tells auth of cookies only where they are asked for by a page that may have them', async () => {
  const { origin } = new URL(url);
  const ask = async (headers: Record<string, string>) => {
    const { status } = await fetch(url, { method: 'POST', headers: { cookie: 'a=1', ...headers } });
    return { status, described: parseSignetContext(context.signetContext) };
  };
  const asked = await ask({ origin, 'signet-session': 'cookie' });
  expect(asked).toMatchObject({ status: 200, described: { origin, session: 'cookie' } });
  const plain = await ask({ origin, 'signet-context': 'id="forged", session="cookie"' });
  expect(plain.status).toBe(200);
  expect(plain.described).not.toHaveProperty('session');
  expect(context.cookies).toBeUndefined();
});

test('knows when the client leaves without its answer, and only then', async () => {
  await fetch(url);
  const answered = context;
  const client = new AbortController();
  const abandoned = new Promise<GatewayContext>((resolve) => {
    server.server.once('request', (_request, response) => {
      // The handler answers at once: keep the answer back, as an operation that takes a while would.
      response.end = () => {
        resolve(context);
        return response;
      };
    });
  });
  const asked = fetch(url, { signal: client.signal }).catch(() => undefined);
  const { clientGone } = await abandoned;
  expect(clientGone.aborted).toBe(false);
  client.abort();
  await asked;
  await expect.poll(() => clientGone.aborted).toBe(true);
  expect(answered.clientGone.aborted).toBe(false);
  expect(answered.deadline).toBeGreaterThan(performance.now());
});
