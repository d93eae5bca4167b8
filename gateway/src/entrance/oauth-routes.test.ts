import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { json } from 'node:stream/consumers';
import { type OauthAnswer, type OauthQuestion, oauthError, oauthPath } from '@signet/schema/contract';
import { createHttpServer, createLogger, parseSignetContext, RefusalError } from '@signet/service';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RefusedOauth } from '../refusals/refused-oauth.ts';
import { registerCors } from './cors.ts';
import { registerOauthRoutes } from './oauth-routes.ts';

type Asked = OauthQuestion & { context: string; signature: unknown; url: string };

const plain: OauthAnswer = { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' };
const logger = createLogger('test', 'silent');
let auth: Server;
let server: FastifyInstance;
let url: string;
let asked: Asked[];
let answer: OauthAnswer;
let authStatus: number;
let isFull = false;
let recorded: [status: number, refused: RefusedOauth][];
/** A client's address; another one names its own in `x-test-address`. */
const address = '203.0.113.9';
/** Auth answers questions about providers when it is called. */
let answerProviders: (() => void) | undefined;
let providers: Promise<void> | undefined;

beforeAll(async () => {
  auth = createServer(async (request, response) => {
    if (request.method === 'GET') return response.end();
    const question = (await json(request)) as OauthQuestion;
    const { signature, 'signet-context': context } = request.headers;
    asked.push({ ...question, context: String(context), signature, url: String(request.url) });
    if (question.provider !== undefined) await providers;
    response.writeHead(authStatus, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(auth, 'listening');
  const authUrl = `http://127.0.0.1:${(auth.address() as AddressInfo).port}/graphql`;
  server = createHttpServer({ logger });
  await registerCors(
    server,
    { origins: ['https://shop.example'], cookies: true, headers: [] },
    { add: () => {} },
  );
  await registerOauthRoutes(server, {
    entrance: 'user',
    platforms: ['user'],
    authUrls: { user: authUrl, portal: authUrl },
    sign: (message) => ({ signature: `signed ${message.body.length}` }),
    admission: {
      run: async (_request, work) => {
        if (isFull) throw new RefusalError('service.unavailable', { retryAfterSeconds: 1, check: 'PLACE' });
        return work();
      },
    },
    readClientAddress: (_peer, headers) => String(headers['x-test-address'] ?? address),
    tenantsByHost: new Map([['localhost', 'acme']]),
    timeoutMs: 2000,
    recordRefused: (_request, status, refused) => void recorded.push([status, refused]),
    logger,
  });
  url = await server.listen({ port: 0, host: '127.0.0.1' });
});
beforeEach(() => {
  asked = [];
  answer = plain;
  authStatus = 200;
  isFull = false;
  recorded = [];
});
afterAll(async () => {
  await server.close();
  auth.closeAllConnections();
  auth.close();
});

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const post = (path: string, body: string | Uint8Array = 'a=b', headers: Record<string, string> = form) =>
  fetch(url + path, { method: 'POST', body: body as string, headers, redirect: 'manual' });

describe('the OAuth routes of an entrance', () => {
  it('pass a form on as it came, signed, with what the gateway knows of the client', async () => {
    const response = await post('/oauth/user/token', 'grant_type=client_credentials&x=%C3%A9', {
      ...form,
      authorization: 'Basic abc',
      accept: 'application/json',
      'x-tenant': 'globex',
      'x-forwarded-for': '10.0.0.1',
      'user-agent': 'a job',
    });
    expect(response.status).toBe(200);
    expect(asked).toHaveLength(1);
    const [{ context, signature, url: path, ...question } = {} as Asked] = asked;
    expect(question).toEqual({
      platform: 'user',
      route: 'token',
      body: 'grant_type=client_credentials&x=%C3%A9',
      authorization: 'Basic abc',
      accept: 'application/json',
    });
    expect(path).toBe(oauthPath);
    expect(signature).toBe(`signed ${JSON.stringify(question).length}`);
    expect(parseSignetContext(context)).toMatchObject({
      entrance: 'user',
      clientAddress: '203.0.113.9',
      tenant: 'globex',
      device: 'a job',
      hasToken: false,
      timeoutMs: expect.closeTo(1900, -2),
    });
  });

  it('take the tenant of the host before that of a header', async () => {
    await fetch(`${url.replace('127.0.0.1', 'localhost')}/oauth/user/idp/start`, {
      headers: { 'x-tenant': 'globex' },
    });
    expect(parseSignetContext(asked[0]?.context)).toMatchObject({ tenant: 'acme' });
  });

  it("pass the query and the platform's own cookies, and no others", async () => {
    await fetch(`${url}/oauth/user/corp-idp/callback?code=1&state=%20x`, {
      headers: {
        cookie:
          'a=1; __Host-signet-user-upstream=u; __Host-signet-portal-upstream=p; signet-user-x=2; __Host-signet-user-device=d',
      },
    });
    expect(asked[0]).toMatchObject({
      platform: 'user',
      route: 'callback',
      provider: 'corp-idp',
      query: 'code=1&state=%20x',
      cookie: '__Host-signet-user-upstream=u; __Host-signet-user-device=d',
    });
    expect(asked[0]).not.toHaveProperty('body');
  });

  it("give the client the headers of the list and the platform's own cookies, and nothing else", async () => {
    answer = {
      status: 302,
      headers: {
        location: 'https://idp.example/authorize',
        'content-type': 'text/plain',
        'x-internal': 'secret',
        'set-cookie': 'evil=1',
      } as OauthAnswer['headers'],
      cookies: ['__Host-signet-user-upstream=1; Path=/', 'evil=2; Path=/'],
      body: 'go',
    };
    const response = await fetch(`${url}/oauth/user/idp/start`, { redirect: 'manual' });
    expect([response.status, await response.text()]).toEqual([302, 'go']);
    const { headers } = response;
    expect(headers.get('location')).toBe('https://idp.example/authorize');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-internal')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.getSetCookie()).toEqual(['__Host-signet-user-upstream=1; Path=/']);
  });

  it.each([
    ['POST', '/oauth/portal/token', 404],
    ['POST', '/oauth/user/other', 404],
    ['GET', '/oauth/user/token', 405],
    ['HEAD', '/oauth/user/idp/start', 404],
    ['POST', '/oauth/user/idp/start', 404],
    ['GET', '/oauth/user/IDP/start', 404],
    ['GET', '/oauth/user/-/start', 404],
    ['GET', `/oauth/user/${'a'.repeat(41)}/start`, 404],
    ['GET', '/oauth/user/a%2Fb/start', 404],
  ])('answer %s %s with %i, and ask nobody', async (method, path, status) => {
    const response = await fetch(url + path, {
      method,
      ...(method === 'POST' && { body: 'a=b', headers: form }),
    });
    expect([response.status, asked]).toEqual([status, []]);
  });

  it.each([
    ['JSON', '{"a":1}', { 'content-type': 'application/json' }, 415],
    ['another charset', 'a=b', { 'content-type': 'application/x-www-form-urlencoded; charset=latin1' }, 415],
    ['a compressed form', 'a=b', { ...form, 'content-encoding': 'gzip' }, 415],
    ['bytes that are not UTF-8', Uint8Array.of(0x61, 0x3d, 0xff), form, 400],
    ['a body of more than 64 KB', `a=${'b'.repeat(65_536)}`, form, 413],
  ])('refuse %s in the form of OAuth', async (_title, body, headers, status) => {
    const response = await post('/oauth/user/token', body, headers as Record<string, string>);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      error: 'invalid_request',
      error_description: expect.any(String),
    });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(asked).toEqual([]);
  });

  it('refuse two Authorization headers, of which two readers could take different ones', async () => {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      'POST /oauth/user/token HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Basic a\r\nauthorization: Basic b\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 3\r\n\r\na=b',
    );
    const text = (await socket.toArray()).join('');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('"error":"invalid_request"');
    expect(asked).toEqual([]);
  });

  it('ask for a place in the budget of the entrance first', async () => {
    isFull = true;
    const response = await post('/oauth/user/token');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' });
    expect(asked).toEqual([]);
  });

  it('let the questions of one client that take long leave room for those of another', async () => {
    ({ promise: providers, resolve: answerProviders } = Promise.withResolvers<void>());
    const slow = Array.from({ length: 100 }, () => fetch(`${url}/oauth/user/idp/callback`));
    // No more come before one of them is answered.
    await expect.poll(() => asked.length).toBe(32);
    const response = await post('/oauth/user/token', 'a=b', { ...form, 'x-test-address': '203.0.113.10' });
    const slowAsked = asked.filter(({ route }) => route === 'callback').length;
    answerProviders();
    providers = undefined;
    const statuses = (await Promise.all(slow)).map(({ status }) => status);
    expect([response.status, slowAsked, new Set(statuses)]).toEqual([200, 32, new Set([200])]);
  });

  it.each([401, 500, 503])('tell nobody how auth failed (%i)', async (status) => {
    authStatus = status;
    const response = await post('/oauth/user/token');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'Try again later.',
    });
  });

  it('record what auth refused, with what auth says of it, of which the client gets nothing', async () => {
    const client = {
      id: '0199c2f4-7a10-7000-8000-000000000002',
      tenantId: '0199c2f4-7a10-7000-8000-00000000000a',
    };
    answer = {
      ...oauthError(400, 'invalid_scope', 'No.'),
      refused: { reason: 'oauth.scope', client },
    };
    const response = await post('/oauth/user/token', 'client_secret=s3cret&client_assertion=eyJ.a.b', {
      ...form,
      authorization: 'Basic s3cret',
    });
    expect(await response.json()).toEqual({ error: 'invalid_scope', error_description: 'No.' });
    const refusal = { check: 'INPUT', code: 'invalid_scope', reason: 'oauth.scope', count: 1 };
    expect(recorded).toEqual([[400, { platform: 'user', route: 'token', client, refusal }]]);
    expect(JSON.stringify(recorded)).not.toMatch(/s3cret|eyJ/);

    recorded = [];
    answer = {
      ...oauthError(429, 'temporarily_unavailable', 'Wait.', { 'retry-after': '7' }),
      refused: { reason: 'auth.throttled' },
    };
    await post('/oauth/user/token');
    answer = { status: 400, headers: { 'content-type': 'text/html' }, body: '<h1>No.</h1>' };
    await fetch(`${url}/oauth/user/idp/callback?code=s3cret`);
    answer = plain;
    await post('/oauth/user/token');
    expect(recorded.map(([status, { refusal }]) => [status, refusal])).toEqual([
      [
        429,
        {
          check: 'ATTEMPTS',
          code: 'temporarily_unavailable',
          reason: 'auth.throttled',
          count: 1,
          retryAfterSeconds: 7,
        },
      ],
      [400, { code: 'invalid_request', count: 1 }],
    ]);
  });

  it('record what was refused without asking auth, or since it gave no answer', async () => {
    await post('/oauth/user/token', '{}', { 'content-type': 'application/json' });
    await post('/oauth/user/token', `a=${'b'.repeat(65_536)}`);
    isFull = true;
    await post('/oauth/user/token');
    isFull = false;
    authStatus = 500;
    await post('/oauth/user/token');
    expect(
      recorded.map(([status, { route, refusal }]) => [status, route, refusal.check, refusal.reason]),
    ).toEqual([
      [415, 'token', 'BODY', 'oauth.request'],
      [413, 'token', 'BODY', 'oauth.request'],
      [503, 'token', 'PLACE', 'service.unavailable'],
      [503, 'token', 'SUBGRAPH', 'auth.unavailable'],
    ]);
  });

  it('give pages of other origins nothing, also of those that may ask the graph', async () => {
    const response = await post('/oauth/user/token', 'a=b', { ...form, origin: 'https://shop.example' });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    const preflight = await fetch(`${url}/oauth/user/token`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://shop.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    expect(preflight.headers.get('access-control-allow-headers')).toBeNull();
  });
});
