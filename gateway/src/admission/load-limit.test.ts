import { once } from 'node:events';
import { connect } from 'node:net';
import { createHttpServer, createLogger, listen } from '@signet/service';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClientAddressReader } from './client-address.ts';
import { createSlots, registerLoadLimit, type Slots } from './load-limit.ts';

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
    errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE', reason: 'service.unavailable' } }],
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

/** How many of `tries` requests of this address get a place. */
function fill(slots: Slots, address: string | undefined, tries = 100) {
  return Array.from({ length: tries }, () => slots.take(address)).filter((slot) => slot !== undefined);
}

test('one client gets half of the places', () => {
  expect(fill(createSlots(64), '192.0.2.1')).toHaveLength(32);
});

test('there is a place for a newcomer, whatever one client does', () => {
  const slots = createSlots(8);
  for (let count = 0; count < 1000; count += 1) slots.take('192.0.2.1');
  expect(slots.take('192.0.2.2')).toBeDefined();
});

test('all places together are never more than they are, however many clients come', () => {
  const slots = createSlots(64);
  const taken = Array.from({ length: 1000 }, (_, index) => slots.take(`10.0.${index >> 8}.${index & 255}`));
  expect(taken.filter((slot) => slot !== undefined)).toHaveLength(64);
});

test('a place that was given back is free for anybody', () => {
  const slots = createSlots(4);
  const taken = fill(slots, '192.0.2.1');
  expect(taken).toHaveLength(2);
  for (const slot of taken) slot.giveBack();
  expect(fill(slots, '192.0.2.2')).toHaveLength(2);
});

test('a client of IPv6 is its network, of IPv4 its address', () => {
  const slots = createSlots(8);
  const sameNetwork = Array.from({ length: 20 }, (_, index) => slots.take(`2001:db8::${index + 1}`));
  expect(sameNetwork.filter((slot) => slot !== undefined)).toHaveLength(4);
  expect(slots.take('2001:db8:0:1::1')).toBeDefined();
});

test('requests of which no address is known share one place in the count', () => {
  expect(fill(createSlots(8), undefined)).toHaveLength(4);
});
