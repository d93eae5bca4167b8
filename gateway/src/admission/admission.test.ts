import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createHttpServer, createLogger, type DirectRoute, listen, RefusalError } from '@signet/service';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Admission, registerAdmission } from './admission.ts';
import { createClientAddressReader, createProxyCheck } from './client-address.ts';

let server: FastifyInstance;
let admission: Admission;
let url: string;
let release: () => void;
let entered: number;
const logged: string[] = [];

beforeEach(async () => {
  entered = 0;
  logged.length = 0;
  const released = Promise.withResolvers<void>();
  release = released.resolve;
  server = createHttpServer({ logger: createLogger('test', 'silent') });
  admission = registerAdmission(server, {
    path: '/graphql',
    maxInFlight: 4,
    maxBodyBytes: 1_000_000,
    readClientAddress: createClientAddressReader(createProxyCheck(['127.0.0.1/32'])),
    log: { add: (shortage) => void logged.push(shortage), stop() {} },
  });
  server.post('/graphql', async (request) =>
    admission.run(request, async () => {
      entered += 1;
      await released.promise;
      return { data: {} };
    }),
  );
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
  await vi.waitFor(() => expect(entered).toBe(4), 30_000);
  const refused = await ask('192.0.2.4');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(logged).toEqual(['operations']);
  expect(await refused.json()).toMatchObject({
    errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE', reason: 'service.unavailable' } }],
  });
  release();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect((await ask('192.0.2.4')).status).toBe(200);
});

test('holds the limit for targets in absolute form', async () => {
  const held = [ask('127.0.0.1'), ask('127.0.0.1')];
  await vi.waitFor(() => expect(entered).toBe(2), 30_000);
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
  await vi.waitFor(() => expect(entered).toBe(2), 30_000);
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
  await vi.waitFor(() => expect(entered).toBe(2), 30_000);
  release();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
  for (const socket of slow) socket.destroy();
});

test('keeps answering for health and keys while it refuses', async () => {
  const held = [ask('192.0.2.1'), ask('192.0.2.1')];
  await vi.waitFor(() => expect(entered).toBe(2), 30_000);
  expect((await ask('192.0.2.1')).status).toBe(503);
  for (const path of ['/health/live', '/health/ready', '/.well-known/jwks.json']) {
    const answer = await fetch(`${url}${path}`, { headers: { 'x-forwarded-for': '192.0.2.1' } });
    expect(answer.status).toBe(200);
  }
  release();
  await Promise.all(held);
});

test('a client that goes without its answer holds its place until the work has ended', async () => {
  const client = new AbortController();
  const held = [ask('192.0.2.1', { signal: client.signal }), ask('192.0.2.1', { signal: client.signal })];
  await vi.waitFor(() => expect(entered).toBe(2), 30_000);
  const closed = openConnections(0);
  client.abort();
  await Promise.allSettled(held);
  await closed;
  expect((await ask('192.0.2.1')).status).toBe(503);
  expect(entered).toBe(2);
  release();
  await vi.waitFor(async () => expect((await ask('192.0.2.1')).status).toBe(200), 30_000);
});

test('work that fails gives its place back', async () => {
  const admission = registerAdmission(createHttpServer({ logger: createLogger('test', 'silent') }), {
    path: '/graphql',
    maxInFlight: 2,
    maxBodyBytes: 1_000_000,
    readClientAddress: createClientAddressReader(createProxyCheck([])),
    log: { add() {}, stop() {} },
  });
  const request = { raw: { socket: { remoteAddress: '192.0.2.1' } }, headers: {} } as FastifyRequest;
  for (let count = 0; count < 5; count += 1) {
    await expect(admission.run(request, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  }
});

test('a client that has left before its work began has nothing done', async () => {
  const held = [ask('192.0.2.1')];
  await vi.waitFor(() => expect(entered).toBe(1), 30_000);
  const socket = { remoteAddress: '192.0.2.2', destroyed: true };
  const run = vi.fn();
  const request = { raw: { socket }, headers: {} } as unknown as FastifyRequest;
  await expect(admission.run(request, run)).rejects.toThrow(RefusalError);
  expect(run).not.toHaveBeenCalled();
  expect(logged).toEqual([]);
  release();
  await Promise.all(held);
});

describe('bodies that have not arrived', () => {
  const kilobyte = 1000;
  /** A request of which the last byte is missing. Resolves with the answer, if one comes. */
  const sendUnfinished = (
    client: string,
    bytes: number,
    headers = `content-length: ${bytes}`,
    begun = '{',
  ) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    sockets.push(socket);
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: ${client}\r\ncontent-type: application/json\r\n${headers}\r\n\r\n${begun}`,
    );
    return { socket, answer: once(socket, 'data').then(String) };
  };
  const sockets: Socket[] = [];
  const askElsewhere = (bytes: number) =>
    fetch(`${url}/nowhere`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.1' },
      body: JSON.stringify('x'.repeat(bytes)),
    });
  const isRead = async () => {
    // The server's reaction to all that was sent so far.
    await fetch(`${url}/health/live`);
    await fetch(`${url}/health/live`);
  };
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  test('take no more than half of the bytes for one client, and others are served', async () => {
    for (let count = 0; count < 5; count += 1) sendUnfinished('192.0.2.1', 100 * kilobyte);
    await isRead();
    const { answer } = sendUnfinished('192.0.2.1', 100 * kilobyte);
    expect(await answer).toMatch(/^HTTP\/1\.1 503 /);
    release();
    expect((await ask('192.0.2.2')).status).toBe(200);
  });

  test('give their bytes back when the client leaves', async () => {
    for (let count = 0; count < 5; count += 1) sendUnfinished('192.0.2.1', 100 * kilobyte);
    await isRead();
    expect((await ask('192.0.2.1', { body: JSON.stringify('x'.repeat(50 * kilobyte)) })).status).toBe(503);
    for (const socket of sockets) socket.destroy();
    release();
    await vi.waitFor(async () =>
      expect((await ask('192.0.2.1', { body: JSON.stringify('x'.repeat(50 * kilobyte)) })).status).toBe(200),
    );
  });

  test('count as the largest that is allowed where they have no length, at every path', async () => {
    sendUnfinished('192.0.2.1', 0, 'transfer-encoding: chunked', '2\r\n{');
    await isRead();
    const { answer } = sendUnfinished('192.0.2.1', 250 * kilobyte);
    expect(await answer).toMatch(/^HTTP\/1\.1 503 /);
    expect((await askElsewhere(250 * kilobyte)).status).toBe(503);
  });

  test('hold their bytes until the work that they asked for has ended', async () => {
    const body = JSON.stringify({ text: 'x'.repeat(240 * kilobyte) });
    const held = [ask('192.0.2.1', { body }), ask('192.0.2.1', { body })];
    await vi.waitFor(() => expect(entered).toBe(2), 30_000);
    expect((await askElsewhere(100 * kilobyte)).status).toBe(503);
    release();
    await Promise.all(held);
    await vi.waitFor(async () => expect((await askElsewhere(100 * kilobyte)).status).toBe(404), 30_000);
  });
});

/** Resolves when the server has this many connections. */
async function openConnections(count: number): Promise<void> {
  await vi.waitFor(async () => {
    const open = await new Promise<number>((resolve) =>
      server.server.getConnections((_error, number) => resolve(number)),
    );
    expect(open).toBe(count);
  });
}

describe('a request that is handed over to Fastify', () => {
  const direct: DirectRoute = { path: '/graphql' };
  const body = JSON.stringify({ query: 'x'.repeat(300_000) });
  const post = ({ text = body, signal }: { text?: string; signal?: AbortSignal } = {}) =>
    fetch(`${handedUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
      ...(signal && { signal }),
    });
  let handed: FastifyInstance;
  let handedUrl: string;
  let work: (response: ServerResponse) => Promise<undefined>;
  beforeEach(async () => {
    handed = createHttpServer({
      logger: createLogger('test', 'silent'),
      direct,
      bodyLimitBytes: 1_000_000,
    });
    const own = registerAdmission(handed, {
      path: '/graphql',
      maxInFlight: 4,
      maxBodyBytes: 700_000,
      readClientAddress: createClientAddressReader(createProxyCheck([])),
      log: { add: (shortage) => void logged.push(shortage), stop() {} },
    });
    handed.post('/graphql', async (request) => own.run(request, async () => ({ data: {} })));
    direct.handler = {
      open: (request, reply) => own.reserve(request, reply.raw) === undefined,
      answer: (request, reply) =>
        own.run(request, () => work(reply.raw), { isReported: false }).catch(() => undefined),
    };
    handedUrl = await listen(handed, { host: '127.0.0.1', port: 0 });
  });
  afterEach(() => handed.close());

  test('holds its bytes once', async () => {
    work = async () => undefined;
    expect((await post()).status).toBe(200);
    // Half of the JSON: nothing has run when it is handed over.
    expect((await post({ text: body.slice(0, -1) })).status).toBe(400);
    expect(logged).toEqual([]);
  });

  test('gives them back when its client left before that', async () => {
    const left = Promise.withResolvers<void>();
    work = async (response) => {
      const closed = once(response, 'close');
      client.abort();
      await closed;
      left.resolve();
      return undefined;
    };
    const client = new AbortController();
    await expect(post({ signal: client.signal })).rejects.toThrow();
    await left.promise;
    work = async () => undefined;
    await vi.waitFor(async () => expect((await post()).status).toBe(200), 30_000);
  });

  test('is counted once where it has no place', async () => {
    const entered: (() => void)[] = [];
    work = () => new Promise((resolve) => entered.push(() => resolve(undefined)));
    // As if others had taken the last places since.
    Object.assign(direct.handler ?? {}, { open: () => true });
    const small = () => post({ text: '{}' });
    const held = [small(), small()];
    await vi.waitFor(() => expect(entered).toHaveLength(2), 30_000);
    const refused = await small();
    for (const leave of entered) leave();
    await Promise.all(held);
    expect(refused.status).toBe(503);
    expect(logged).toEqual(['operations']);
  });
});
