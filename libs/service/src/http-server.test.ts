import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { RefusalError } from './errors.ts';
import { createHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { sendBytes } from './raw-http.test-support.ts';
import { listen } from './run-process.ts';

const logger = createLogger('test', 'silent');
const faults: { database?: string } = {};
let server: FastifyInstance;
let url: string;

beforeAll(async () => {
  server = createHttpServer({
    logger,
    allowedHosts: ['shop.example'],
    readiness: [
      { name: 'database', check: () => faults.database },
      { name: 'keys', check: async () => undefined },
    ],
  });
  server.post('/echo', async (request) => ({ body: request.body }));
  server.get('/refuse', async () => {
    throw new RefusalError('service.unavailable');
  });
  server.get('/fail', async () => {
    throw Object.assign(new Error('select secret'), { statusCode: 302 });
  });
  server.get('/throw-nothing', async () => Promise.reject(undefined));
  url = await listen(server, { host: '127.0.0.1', port: 0 });
});
afterAll(() => server.close());

const sendRaw = (text: string) => sendBytes(url, text).then(({ status, body }) => ({ status, body }));

function post(body: string | undefined, contentType = 'application/json') {
  return fetch(`${url}/echo`, {
    method: 'POST',
    ...(body !== undefined && { body }),
    headers: { 'content-type': contentType },
  });
}

const refusal = (code: string) => ({ errors: [{ message: expect.any(String), extensions: { code } }] });

test.each([
  'evil.example',
  '[',
  '',
  'localhost:99999999',
  'localhost@evil.example',
  'shop.example.evil',
  '*',
])('answers 421 to the host %j', async (host) => {
  const answer = await sendRaw(`GET /refuse HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
  expect(answer).toEqual({ status: 421, body: refusal('BAD_REQUEST') });
});

test.each(['localhost', '127.0.0.1:4000', '[::1]:4000', 'SHOP.example', 'shop.example:443'])(
  'answers for the host %s',
  async (host) => {
    const answer = await sendRaw(`GET /none HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    expect(answer).toEqual({ status: 404, body: refusal('NOT_FOUND') });
  },
);

test.each(['', 'host: localhost\r\nhost: shop.example\r\n'])(
  'answers 400 without one Host: %j',
  async (hosts) => {
    const answer = await sendRaw(`GET /none HTTP/1.1\r\n${hosts}connection: close\r\n\r\n`);
    expect(answer).toEqual({ status: 400, body: refusal('BAD_REQUEST') });
  },
);

test('answers a probe by whatever host it asks', async () => {
  const answer = await sendRaw('GET /health/live HTTP/1.1\r\nhost: 10.0.0.7\r\nconnection: close\r\n\r\n');
  expect(answer).toEqual({ status: 200, body: { status: 'live' } });
});

test.each([20_000, 1_000_000, 20_000_000])(
  'answers 431 to %i bytes of Authorization, and the client can read it',
  async (size) => {
    const answer = await sendRaw(
      `GET /none HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${'a'.repeat(size)}\r\n\r\n`,
    );
    expect(answer).toEqual({ status: 431, body: refusal('BAD_REQUEST') });
  },
);

test.each(['NONSENSE\r\n\r\n', 'GET / HTTP/1.1\r\nhost: localhost\r\nbad header\r\n\r\n'])(
  'answers 400 to what is no HTTP: %j',
  async (text) => {
    expect(await sendRaw(text)).toEqual({ status: 400, body: refusal('BAD_REQUEST') });
  },
);

test('answers 400 to a URL that can not be decoded', async () => {
  const answer = await sendRaw('GET /%E0%A4%A HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  expect(answer).toEqual({ status: 400, body: refusal('BAD_REQUEST') });
});

test.each([
  ['malformed JSON', '{"query":', 'application/json', 400],
  ['an empty body', '', 'application/json', 400],
  ['a prototype', '{"__proto__":{"admin":true}}', 'application/json', 400],
  ['a nested prototype', '{"variables":{"a":[{"__proto__":{"x":1}}]}}', 'application/json', 400],
  ['a constructor', '{"constructor":{"prototype":{"x":1}}}', 'application/json', 400],
  ['text', 'hello', 'text/plain', 415],
  ['a form', 'a=b', 'application/x-www-form-urlencoded', 415],
  ['a broken type', '{}', ';', 415],
])('answers %s with its status', async (_, body, contentType, status) => {
  const answer = await post(body, contentType);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual(refusal('BAD_REQUEST'));
});

test('answers 413 to a body of 2 MB, and the client can read it', async () => {
  const body = JSON.stringify({ query: 'a'.repeat(2 * 2 ** 20) });
  const head = 'POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
  const counted = `${head}content-length: ${body.length}\r\n\r\n${body}`;
  const chunked = `${head}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  for (const text of [counted, chunked]) {
    expect(await sendRaw(text)).toEqual({ status: 413, body: refusal('BAD_REQUEST') });
  }
});

test('answers a refusal with its status, reason and Retry-After', async () => {
  const answer = await fetch(`${url}/refuse`);
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('2');
  expect(await answer.json()).toMatchObject({
    errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE', reason: 'service.unavailable' } }],
  });
});

test.each(['/fail', '/throw-nothing'])('lets nothing of a cause out: %s', async (path) => {
  const answer = await fetch(url + path);
  expect(answer.status).toBe(500);
  expect(await answer.json()).toEqual(refusal('INTERNAL_SERVER_ERROR'));
});

test('is ready while every part is, and tells which is not', async () => {
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  faults.database = 'can not be reached';
  await expect.poll(async () => (await fetch(`${url}/health/ready`)).status).toBe(503);
  const answer = await fetch(`${url}/health/ready`);
  expect(await answer.json()).toEqual({
    status: 'not ready',
    reasons: [{ name: 'database', reason: 'can not be reached' }],
  });
  delete faults.database;
  await expect.poll(async () => (await fetch(`${url}/health/ready`)).status).toBe(200);
});

test('answers what is under way when it stops, and what comes on an old connection meanwhile', async () => {
  const other = createHttpServer({ logger });
  const isClosed = vi.fn();
  other.addHook('onClose', async () => isClosed());
  other.get('/', async () => ({ isClosed: isClosed.mock.calls.length > 0 }));
  const port = Number(new URL(await listen(other, { host: '127.0.0.1', port: 0 })).port);
  const connected = once(other.server, 'connection') as Promise<[Socket]>;
  // This client has begun to send a request, whose end comes after the stop.
  const client = connect(port, '127.0.0.1');
  let text = '';
  client.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  client.write('GET / HTTP/1.1\r\nhost: localhost\r\n');
  const [socket] = await connected;
  await expect.poll(() => socket.bytesRead).toBeGreaterThan(0);
  const closed = other.close();
  await expect.poll(() => other.server.listening).toBe(false);
  client.write('\r\n');
  await Promise.all([closed, once(client, 'close')]);
  expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*\{"isClosed":false\}$/i);
  expect(isClosed).toHaveBeenCalledOnce();
});

test('goes on serving while it drains, not ready and on connections that end with their answer; then it stops', async () => {
  const draining = createHttpServer({ logger, drainMs: 400 });
  draining.get('/', async () => ({ done: true }));
  const base = await listen(draining, { host: '127.0.0.1', port: 0 });
  expect((await fetch(base)).headers.get('connection')).toBe('keep-alive');
  const closed = draining.close();
  const ready = await fetch(`${base}/health/ready`);
  expect([ready.status, await ready.json()]).toMatchObject([503, { reasons: [{ reason: 'is stopping' }] }]);
  const answer = await fetch(base);
  expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
  expect(await answer.json()).toEqual({ done: true });
  await closed;
  await expect(fetch(base)).rejects.toThrow();
});

test('names the variable when the port is taken or the address is foreign', async () => {
  const port = Number(new URL(url).port);
  await expect(
    listen(createHttpServer({ logger }), { host: '127.0.0.1', port, portVariable: 'PORT_BASE' }),
  ).rejects.toThrow(`PORT_BASE: port ${port} on 127.0.0.1 is in use`);
  await expect(listen(createHttpServer({ logger }), { host: '192.0.2.1', port: 0 })).rejects.toThrow(
    'HOST: 192.0.2.1 is not an address of this machine',
  );
});

test('closes a connection with the last answer that it owes while stopping, though the client would keep it', async () => {
  const stopping = createHttpServer({ logger });
  let answer = () => {};
  const isClosing = new Promise<void>((resolve) => {
    stopping.addHook('preClose', async () => resolve());
  });
  const arrived = new Promise<void>((resolve) => {
    stopping.get('/slow', async () => {
      resolve();
      await new Promise<void>((done) => {
        answer = done;
      });
      return { done: true };
    });
  });
  const port = Number(new URL(await listen(stopping, { host: '127.0.0.1', port: 0 })).port);
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  socket.write('GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await arrived;
  const closed = stopping.close();
  await isClosing;
  answer();
  await Promise.all([closed, once(socket, 'end')]);
  expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*\{"done":true\}$/i);
});
