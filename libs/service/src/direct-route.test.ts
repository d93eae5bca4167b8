import { once } from 'node:events';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AskedRequest, DirectHandler, DirectRoute } from './direct-route.ts';
import { createHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { sendBytes } from './raw-http.test-support.ts';
import { requestIdOf } from './request-follower.ts';
import { listen } from './run-process.ts';

const logged: string[] = [];
const logger = createLogger('test', 'error', { write: (line) => void logged.push(JSON.parse(line).msg) });
const usual: DirectHandler = { open: () => true, answer: async () => '"direct"' };
const direct: DirectRoute = { path: '/graphql' };
let server: FastifyInstance;
let url: string;

beforeAll(async () => {
  server = createHttpServer({ logger, direct, bodyLimitBytes: 1000, isHttps: true });
  server.post('/graphql', async ({ body, id }, reply) => {
    reply.header('x-fastify', id);
    return { body };
  });
  server.post('/other', async () => ({ fastify: true }));
  url = await listen(server, { host: '127.0.0.1', port: 0 });
});
beforeEach(() => {
  direct.handler = usual;
  logged.length = 0;
});
afterAll(() => server.close());

const asked = '{"query":"{ a }"}';
const post = (body: string | Buffer = asked, headers: Record<string, string> = {}, path = '/graphql') =>
  fetch(`${url}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

test('answers with the headers of every answer, and those that the handler adds', async () => {
  const requests: AskedRequest[] = [];
  direct.handler = {
    open: (_, reply) => {
      reply.header('vary', 'Origin');
      return true;
    },
    async answer(request, reply) {
      requests.push(request);
      reply.code(429);
      reply.header('content-type', 'text/html');
      for (const cookie of ['a=1', 'b=2']) reply.header('set-cookie', cookie);
      reply.header('content-type', 'text/plain');
      return '"ä"';
    },
  };
  const answer = await post();
  expect([answer.status, await answer.text()]).toEqual([429, '"ä"']);
  const byFastify = await post('{}', {}, '/other');
  const names = (headers: Headers) => [...headers.keys()].filter((name) => name !== 'x-fastify');
  expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  expect(answer.headers.get('content-type')).toBe('text/plain');
  expect([...new Set(names(answer.headers))]).toEqual(
    [...names(byFastify.headers), 'set-cookie', 'vary'].toSorted(),
  );
  expect(answer.headers.get('content-length')).toBe('4');
  expect(requests).toMatchObject([
    { method: 'POST', url: '/graphql', hostname: '127.0.0.1', body: { query: '{ a }' } },
  ]);
});

test.each<[string, () => Promise<Response>]>([
  ['a parameter of the type', () => post(asked, { 'content-type': 'application/json; charset=utf-8' })],
  ['another type', () => post(asked, { 'content-type': 'text/plain' })],
  ['a coding', () => post(asked, { 'content-encoding': 'gzip' })],
  ['a query', () => post(asked, {}, '/graphql?a=1')],
  ['another spelling of the path', () => post(asked, {}, '/%67raphql')],
  ['another path', () => post(asked, {}, '/other')],
  ['too many bytes', () => post(JSON.stringify({ query: 'x'.repeat(1000) }))],
  ['no body', () => post('')],
  ['half a JSON', () => post('{"query":')],
  ['a name twice', () => post('{"query":"{ a }","query":"{ b }"}')],
  ['a prototype', () => post('{"query":"{ a }","variables":{"__proto__":{}}}')],
  ['bytes that are no UTF-8', () => post(Buffer.from([0x22, 0xff, 0x22]))],
])('leaves to Fastify: %s', async (_, send) => {
  const reached: unknown[] = [];
  direct.handler = { ...usual, answer: async ({ body }) => void reached.push(body) };
  const answer = await send();
  const { handler } = direct;
  direct.handler = undefined;
  const expected = await send();
  direct.handler = handler;
  expect([answer.status, await answer.text()]).toEqual([expected.status, await expected.text()]);
  expect(reached).toEqual([]);
});

const head = 'POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n';
const length = `content-length: ${asked.length}\r\n`;
const type = 'content-type: application/json\r\n';
test.each([
  ['two types', 415, `${head}${type}${type}${length}\r\n${asked}`],
  ['two hosts', 400, `${head}host: 127.0.0.1\r\n${type}${length}\r\n${asked}`],
  ['another host', 421, `${head.replace('127.0.0.1', 'evil.example')}${type}${length}\r\n${asked}`],
  [
    'the same host, spelled otherwise',
    200,
    `${head.replace('127.0.0.1', 'LOCALHOST:1')}${type}${length}\r\n${asked}`,
  ],
  ['chunks', 200, `${head}${type}transfer-encoding: chunked\r\n\r\n11\r\n${asked}\r\n0\r\n\r\n`],
  [
    'an unknown coding',
    501,
    `${head}${type}transfer-encoding: gzip, chunked\r\n\r\n11\r\n${asked}\r\n0\r\n\r\n`,
  ],
])('makes the checks of every request: %s', async (_, status, bytes) => {
  // What passed once is remembered.
  expect((await sendBytes(url, `${head}${type}${length}\r\n${asked}`)).status).toBe(200);
  expect((await sendBytes(url, bytes)).status).toBe(status);
});

test('hands over what the handler does not open or answer, with its body and id', async () => {
  let id = '';
  for (const handler of [
    { ...usual, open: () => false },
    {
      ...usual,
      async answer(request: AskedRequest) {
        id = request.id;
        return undefined;
      },
    },
  ]) {
    direct.handler = handler;
    const answer = await post();
    expect(await answer.json()).toEqual({ body: { query: '{ a }' } });
    if (id) expect(answer.headers.get('x-fastify')).toBe(id);
  }
  expect(id).not.toBe('');
});

test('answers a fault itself, since what failed may have changed something', async () => {
  direct.handler = {
    open(_, reply) {
      reply.header('access-control-allow-origin', 'https://shop.example');
      reply.header('content-type', 'text/html');
      return true;
    },
    answer: () => Promise.reject(new Error('secret')),
  };
  const answer = await post();
  expect(answer.status).toBe(500);
  expect(answer.headers.get('x-fastify')).toBeNull();
  expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
  // The page may read what went wrong.
  expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(logged).toEqual(['a request failed']);
});

test('a fault is told to who follows the request, as one that Fastify answers is', async () => {
  const told: [id: string, code: unknown, status: number][] = [];
  let requests = 0;
  const handler: DirectHandler = { ...usual, answer: () => Promise.reject(new Error('secret')) };
  const followed = createHttpServer({
    logger,
    direct: { path: '/graphql', handler },
    follower: {
      begin: () => `request ${++requests}`,
      refused: (raw, [error], status) => void told.push([requestIdOf(raw), error?.extensions?.code, status]),
    },
  });
  followed.post('/other', () => Promise.reject(new Error('secret')));
  const address = await listen(followed, { host: '127.0.0.1', port: 0 });
  for (const path of ['/graphql', '/other']) {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${address}${path}`, { method: 'POST', headers, body: asked });
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([500, `request ${requests}`]);
  }
  await followed.close();
  expect(told).toEqual([
    ['request 1', 'INTERNAL_SERVER_ERROR', 500],
    ['request 2', 'INTERNAL_SERVER_ERROR', 500],
  ]);
});

test('closes the connection for an answer that cannot be written, and serves on', async () => {
  direct.handler = {
    ...usual,
    async answer(_, reply) {
      reply.header('retry-after', '1\r\nset-cookie: a=b');
      return '1';
    },
  };
  await expect(post()).rejects.toThrow('fetch failed');
  expect(logged).toEqual(['a request failed']);
  direct.handler = usual;
  expect((await post()).status).toBe(200);
});

test('answers pipelined requests in their order, by either way', async () => {
  const [first, second] = [
    `${type}${length}\r\n${asked}`,
    `content-type: text/plain\r\n${length}\r\n${asked}`,
  ];
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`${head.replace('connection: close\r\n', '')}${first}${head}${second}`);
  let text = '';
  socket.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  await once(socket, 'close');
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 415']);
});

test('runs nothing for a client that leaves before its body has come', async () => {
  let answered = 0;
  direct.handler = {
    ...usual,
    async answer() {
      answered += 1;
      return '1';
    },
  };
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`${head}${type}${length}\r\n${asked.slice(0, 5)}`);
  await once(server.server, 'request');
  socket.destroy();
  await once(socket, 'close');
  await post();
  expect(answered).toBe(1);
});

test('runs nothing of a flood on one connection', async () => {
  let answered = 0;
  direct.handler = {
    ...usual,
    async answer() {
      answered += 1;
      return '1';
    },
  };
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {}).resume();
  socket.write(`${head.replace('connection: close\r\n', '')}${type}${length}\r\n${asked}`.repeat(100));
  await once(socket, 'close');
  await post();
  expect(answered).toBeLessThanOrEqual(17);
});

test('takes no request past Fastify while the server closes', async () => {
  const closing = createHttpServer({ logger, direct, drainMs: 300 });
  closing.post('/graphql', async () => ({ fastify: true }));
  const closingUrl = await listen(closing, { host: '127.0.0.1', port: 0 });
  const ask = async () => {
    const answer = await fetch(`${closingUrl}/graphql`, {
      method: 'POST',
      body: asked,
      headers: { 'content-type': 'application/json' },
    });
    return [await answer.text(), answer.headers.get('connection')];
  };
  expect(await ask()).toEqual(['"direct"', 'keep-alive']);
  const closed = closing.close();
  expect(await ask()).toEqual(['{"fastify":true}', 'close']);
  await closed;
});

test('closes a connection with the last answer that it owes while the server closes', async () => {
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<string>();
  direct.handler = {
    ...usual,
    answer() {
      arrived.resolve();
      return released.promise;
    },
  };
  const closing = createHttpServer({ logger, direct });
  const isClosing = new Promise<void>((resolve) => {
    closing.addHook('preClose', async () => resolve());
  });
  const port = Number(new URL(await listen(closing, { host: '127.0.0.1', port: 0 })).port);
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  socket.write(`${head.replace('connection: close\r\n', '')}${type}${length}\r\n${asked}`);
  await arrived.promise;
  const closed = closing.close();
  await isClosing;
  released.resolve('1');
  await Promise.all([closed, once(socket, 'end')]);
  expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*\r\n\r\n1$/i);
});
