import { once } from 'node:events';
import { connect } from 'node:net';
import { createHttpServer, createLogger, listen } from '@signet/service';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClientAddressReader } from '../client-address.ts';
import { registerLoadLimit } from './register-load-limit.ts';

let server: FastifyInstance;
let url: string;
let release: () => void;
let entered: number;

beforeEach(async () => {
  entered = 0;
  const released = Promise.withResolvers<void>();
  release = released.resolve;
  server = createHttpServer({ logger: createLogger('test', 'silent') });
  registerLoadLimit(server, {
    path: '/graphql',
    maxInFlight: 4,
    readClientAddress: createClientAddressReader(['127.0.0.1/32']),
  });
  server.post('/graphql', async () => {
    entered += 1;
    await released.promise;
    return { data: {} };
  });
  server.get('/.well-known/jwks.json', async () => ({ keys: [] }));
  url = await listen(server, { host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  release();
  await server.close();
});

const ask = (client: string, init: RequestInit = {}) =>
  fetch(`${url}/graphql?a=1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': client },
    body: '{}',
    ...init,
  });

test('refuses with 503 and Retry-After what comes while its places are taken, and answers what has one', async () => {
  const held = [ask('192.0.2.1'), ask('192.0.2.1'), ask('192.0.2.2'), ask('192.0.2.3')];
  await vi.waitFor(() => expect(entered).toBe(4));
  const refused = await ask('192.0.2.4');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toMatchObject({
    errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE', reason: 'auth.unavailable' } }],
  });
  release();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect((await ask('192.0.2.4')).status).toBe(200);
});

test('holds the limit for targets in absolute form', async () => {
  const held = [ask('127.0.0.1'), ask('127.0.0.1')];
  await vi.waitFor(() => expect(entered).toBe(2));
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(
    'POST http://localhost/graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
  );
  // Before the first is let go: where the limit did not hold, this request would wait as they do.
  setTimeout(() => release(), 1000);
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 503 /);
  socket.destroy();
  await Promise.all(held);
});

test('reads nothing of a request that it refuses', async () => {
  const held = [ask('192.0.2.1'), ask('192.0.2.1')];
  await vi.waitFor(() => expect(entered).toBe(2));
  const refused = await ask('192.0.2.1', { body: '{not json' });
  expect(refused.status).toBe(503);
  release();
  await Promise.all(held);
});

test('clients that send their bodies in drops hold no place', async () => {
  const slow = Array.from({ length: 20 }, () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
    );
    return socket;
  });
  await Promise.all(slow.map((socket) => once(socket, 'connect')));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const held = [ask('127.0.0.1'), ask('127.0.0.1')];
  await vi.waitFor(() => expect(entered).toBe(2));
  release();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
  for (const socket of slow) socket.destroy();
});

test('keeps answering for health and keys while it refuses', async () => {
  const held = [ask('192.0.2.1'), ask('192.0.2.1')];
  await vi.waitFor(() => expect(entered).toBe(2));
  expect((await ask('192.0.2.1')).status).toBe(503);
  for (const path of ['/health/live', '/health/ready', '/.well-known/jwks.json']) {
    const answer = await fetch(`${url}${path}`, { headers: { 'x-forwarded-for': '192.0.2.1' } });
    expect(answer.status).toBe(200);
  }
  release();
  await Promise.all(held);
});

test('a client that goes without its answer frees its place', async () => {
  const client = new AbortController();
  const held = [ask('192.0.2.1', { signal: client.signal }), ask('192.0.2.1', { signal: client.signal })];
  await vi.waitFor(() => expect(entered).toBe(2));
  expect((await ask('192.0.2.1')).status).toBe(503);
  client.abort();
  await Promise.allSettled(held);
  await vi.waitFor(async () => {
    const again = ask('192.0.2.1');
    await vi.waitFor(() => expect(entered).toBe(3), 500);
    release();
    expect((await again).status).toBe(200);
  }, 3000);
});
