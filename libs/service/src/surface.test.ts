import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RefusalError } from './errors.ts';
import { createHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { sendBytes } from './raw-http.test-support.ts';
import { listen } from './run-process.ts';

const logger = createLogger('test', 'silent');
let server: FastifyInstance;
let url: string;

beforeAll(async () => {
  server = createHttpServer({
    logger,
    isHttps: true,
    timeoutsMs: { headers: 300, request: 600, check: 100 },
  });
  server.post('/echo', async (request) => ({ body: request.body }));
  server.get('/keys', async (_request, reply) =>
    reply.header('cache-control', 'public, max-age=60').send({}),
  );
  server.get('/page', async (_request, reply) => reply.callNotFound());
  server.get('/refuse', async () => {
    throw new RefusalError('service.unavailable');
  });
  server.get('/fail', async () => {
    throw new Error('select secret');
  });
  url = await listen(server, { host: '127.0.0.1', port: 0 });
});
afterAll(() => server.close());

const send = (head: string, body = '') =>
  sendBytes(url, `${head}\r\nhost: localhost\r\nconnection: close\r\n\r\n${body}`);
const post = (headers: string, body = '{}') =>
  sendBytes(
    url,
    `POST /echo HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`,
  );
const refusal = (code: string) => ({ errors: [{ message: expect.any(String), extensions: { code } }] });

describe('the headers of every answer', () => {
  test.each([
    ['a route', 'GET /health/live HTTP/1.1', 200],
    ['an unknown path', 'GET /none HTTP/1.1', 404],
    ['another method', 'DELETE /echo HTTP/1.1', 405],
    ['OPTIONS', 'OPTIONS /echo HTTP/1.1', 204],
    ['a refusal', 'GET /refuse HTTP/1.1', 503],
    ['a fault of ours', 'GET /fail HTTP/1.1', 500],
    ['a second Host', 'GET /keys HTTP/1.1\r\nhost: localhost', 400],
    ['a body of another type', 'POST /echo HTTP/1.1\r\ncontent-type: text/plain\r\ncontent-length: 1', 415],
    ['a URL that can not be decoded', 'GET /%E0%A4%A HTTP/1.1', 400],
    ['an expectation', 'GET /keys HTTP/1.1\r\nexpect: a-miracle', 417],
    ['what is no HTTP', 'NONSENSE', 400],
    ['headers that are too large', `GET / HTTP/1.1\r\nx-padding: ${'a'.repeat(20_000)}`, 431],
  ])('%s', async (_, head, status) => {
    const answer = await send(head, status === 415 ? 'x' : '');
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      'cache-control': 'private, no-store',
      'content-security-policy': expect.stringMatching(/^default-src 'none';.* frame-ancestors 'none'$/),
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(answer.headers).not.toHaveProperty('server');
    expect(answer.headers).not.toHaveProperty('x-powered-by');
    if (answer.body !== undefined && status >= 400) {
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(answer.body).toMatchObject({ errors: [{ extensions: { code: expect.any(String) } }] });
    }
  });

  test('a route keeps what it says itself', async () => {
    expect((await send('GET /keys HTTP/1.1')).headers['cache-control']).toBe('public, max-age=60');
  });

  test('no promise of https where clients come without it', async () => {
    const plain = createHttpServer({ logger });
    const { headers } = await plain.inject({ url: '/health/live' });
    expect(headers).toHaveProperty('x-frame-options');
    expect(headers).not.toHaveProperty('strict-transport-security');
    await plain.close();
  });
});

describe('methods', () => {
  test.each(['GET', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'])(
    '%s is 405 with Allow where a path takes POST',
    async (method) => {
      const answer = await send(`${method} /echo HTTP/1.1`);
      expect(answer).toMatchObject({
        status: 405,
        headers: { allow: 'POST, OPTIONS' },
        body: refusal('BAD_REQUEST'),
      });
    },
  );

  test('HEAD is GET without its body', async () => {
    const answer = await send('HEAD /keys HTTP/1.1');
    expect(answer).toMatchObject({ status: 200, headers: { 'content-length': '2' }, body: undefined });
    expect(await send('HEAD /echo HTTP/1.1')).toMatchObject({ status: 405, body: undefined });
  });

  test('OPTIONS says what a path takes', async () => {
    expect(await send('OPTIONS /keys HTTP/1.1')).toMatchObject({
      status: 204,
      headers: { allow: 'GET, HEAD, OPTIONS' },
    });
    expect((await send('OPTIONS /none HTTP/1.1')).status).toBe(404);
  });

  test('a route that declines is 404, not 405', async () => {
    expect((await send('GET /page HTTP/1.1')).status).toBe(404);
  });
});

describe('targets', () => {
  test('in absolute form must name the host that Host names', async () => {
    expect((await send('GET http://localhost/keys HTTP/1.1')).status).toBe(200);
    for (const target of [
      'http://evil.example/keys',
      'http://localhost:1/keys',
      'https://a@localhost/keys',
    ]) {
      expect(await send(`GET ${target} HTTP/1.1`)).toMatchObject({
        status: 400,
        body: refusal('BAD_REQUEST'),
      });
    }
  });

  test.each([
    '//keys',
    '/%6beys',
    '/keys/',
    '/./keys',
    '/x/../keys',
    '/KEYS',
    '/keys%00',
    '/keys;a=1',
    '/keys#',
    '/keys?a#b',
    '\\keys',
  ])('have one spelling only: %s is nothing', async (target) => {
    expect([400, 404]).toContain((await send(`GET ${target} HTTP/1.1`)).status);
  });
});

describe('bodies', () => {
  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/json;',
  ])('are read as %s', async (type) => {
    expect(await post(`content-type: ${type}\r\n`)).toMatchObject({ status: 200, body: { body: {} } });
  });

  test.each([
    ['no type', ''],
    ['another charset', 'content-type: application/json; charset=utf-16\r\n'],
    ['a charset among others', 'content-type: application/json; charset=utf-8; charset=utf-7\r\n'],
    ['a longer name', 'content-type: application/jsonx\r\n'],
    ['a suffix', 'content-type: application/x+json\r\n'],
    ['a list', 'content-type: application/json, text/plain\r\n'],
    ['two headers', 'content-type: application/json\r\ncontent-type: text/plain\r\n'],
    ['text', 'content-type: text/plain\r\n'],
    ['a form', 'content-type: application/x-www-form-urlencoded\r\n'],
    ['a multipart form', 'content-type: multipart/form-data; boundary=x\r\n'],
    ['a broken parameter', 'content-type: application/json; charset\r\n'],
    ['gzip', 'content-type: application/json\r\ncontent-encoding: gzip\r\n'],
    ['gzip on top of nothing', 'content-type: application/json\r\ncontent-encoding: identity, gzip\r\n'],
  ])('with %s are 415', async (_, headers) => {
    expect(await post(headers)).toMatchObject({
      status: 415,
      headers: { 'accept-encoding': 'identity' },
      body: refusal('BAD_REQUEST'),
    });
  });
});

describe('framing of requests', () => {
  const head = 'POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
  test.each([
    ['two lengths', `${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`],
    ['two equal lengths', `${head}content-length: 2\r\ncontent-length: 2\r\n\r\n{}`],
    ['a length with a sign', `${head}content-length: +2\r\n\r\n{}`],
    [
      'a length and chunks',
      `${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    ],
    ['another last coding', `${head}transfer-encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
    ['chunks said oddly', `${head}transfer-encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
    ['a chunk size with a sign', `${head}transfer-encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n`],
    ['a space before a colon', `${head}content-length : 2\r\n\r\n{}`],
    ['a folded header', `${head}x-a: 1\r\n content-length: 2\r\n\r\n`],
    ['line feeds alone', 'GET /keys HTTP/1.1\nhost: localhost\n\n'],
    ['a NUL in a header', 'GET /keys HTTP/1.1\r\nhost: localhost\r\nx-a: \0\r\n\r\n'],
  ])('with %s are 400 and end the connection', async (_, text) => {
    const { status, headers } = await sendBytes(url, text);
    expect([status, headers.connection]).toEqual([400, 'close']);
  });

  test('that go wrong after the answer get no second one', async () => {
    const text = 'POST /echo HTTP/1.1\r\nhost: other.example\r\ncontent-type: application/json\r\n';
    const { status, body } = await sendBytes(
      url,
      `${text}transfer-encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n`,
    );
    expect([status, body]).toMatchObject([421, { errors: [{ extensions: { code: 'BAD_REQUEST' } }] }]);
  });

  test.each([
    ['unknown', 'transfer-encoding: xchunked\r\ntransfer-encoding: chunked'],
    ['in one header', 'transfer-encoding: gzip, chunked'],
    ['twice the same', 'transfer-encoding: chunked\r\ntransfer-encoding: chunked'],
  ])('with a coding before chunks (%s) are refused and end the connection', async (_, coding) => {
    const { status, headers } = await sendBytes(url, `${head}${coding}\r\n\r\n2\r\n{}\r\n0\r\n\r\n`);
    expect([400, 501]).toContain(status);
    expect(headers.connection).toBe('close');
  });

  test('in chunks are read', async () => {
    const text = `${head}connection: close\r\ntransfer-encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`;
    expect((await sendBytes(url, text)).status).toBe(200);
  });

  test.each([
    ['headers', 'GET /keys HTTP/1.1\r\nhost: localhost\r\nx-a: '],
    ['a body', `${head}content-length: 100\r\n\r\n{`],
  ])('%s that take too long to arrive are 408', async (_, text) => {
    const answer = await sendBytes(url, text);
    expect(answer).toMatchObject({
      status: 408,
      headers: { connection: 'close' },
      body: refusal('BAD_REQUEST'),
    });
  });
});
