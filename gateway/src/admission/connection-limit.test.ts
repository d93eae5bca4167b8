import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { createHttpServer, createLogger, listen } from '@signet/service';
import type { FastifyInstance } from 'fastify';
import { afterEach, expect, test, vi } from 'vitest';
import { limitConnections } from './connection-limit.ts';

const sockets: Socket[] = [];
const shortages: string[] = [];
let server: FastifyInstance;
let port: number;
let release: () => void;
let entered: number;

async function start(maxConnections: number, trusted: string[] = []) {
  const released = Promise.withResolvers<void>();
  release = released.resolve;
  entered = 0;
  server = createHttpServer({ logger: createLogger('test', 'silent') });
  limitConnections(server.server, {
    maxConnections,
    isTrustedProxy: (address = '') => trusted.includes(address),
    log: { add: (shortage) => void shortages.push(shortage), stop() {} },
  });
  server.get('/busy', async () => {
    entered += 1;
    await released.promise;
    return 'done';
  });
  port = Number(new URL(await listen(server, { host: '127.0.0.1', port: 0 })).port);
}

afterEach(async () => {
  release();
  for (const socket of sockets.splice(0)) socket.destroy();
  shortages.length = 0;
  await server.close();
});

/** Loopback has as many addresses as anybody needs. */
async function open(localAddress: string): Promise<Socket> {
  const accepted = once(server.server, 'connection');
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  sockets.push(socket);
  socket.on('error', () => {});
  await accepted;
  return socket;
}

/** A connection with a request under way. */
async function openBusy(localAddress: string): Promise<Socket> {
  const socket = await open(localAddress);
  socket.write('GET /busy HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const expected = entered + 1;
  await vi.waitFor(() => expect(entered).toBe(expected), 30_000);
  return socket;
}

const isClosed = async (socket: Socket) => {
  if (!socket.destroyed) await once(socket.resume(), 'close');
  return true;
};
const isServed = async (localAddress: string, agent?: Agent) => {
  const request = get({
    port,
    host: '127.0.0.1',
    localAddress,
    path: '/health/live',
    ...(agent && { agent }),
  });
  const [response] = await once(request, 'response');
  return (await text(response)) === '{"status":"live"}';
};

test('one more connection of a client replaces the one that has been idle for longest', async () => {
  await start(8);
  const busy = await openBusy('127.0.0.2');
  const idle = [await open('127.0.0.2'), await open('127.0.0.2'), await open('127.0.0.2')];
  const other = await open('127.0.0.3');
  expect(await isServed('127.0.0.2')).toBe(true);
  expect(await isClosed(idle[0] as Socket)).toBe(true);
  expect([busy, idle[2], other].map((socket) => socket?.destroyed)).toEqual([false, false, false]);
  expect(shortages).toEqual([]);
});

test('a client whose share became smaller, because others came, still gets one more', async () => {
  await start(8);
  const idle = [];
  for (let count = 0; count < 4; count += 1) idle.push(await open('127.0.0.2'));
  for (let count = 0; count < 2; count += 1) await open('127.0.0.3');
  expect(await isServed('127.0.0.2')).toBe(true);
  expect(shortages).toEqual([]);
  expect(idle.at(-1)?.destroyed).toBe(false);
});

test('a client whose connections are all busy gets no further one, and others do', async () => {
  await start(8);
  for (let count = 0; count < 4; count += 1) await openBusy('127.0.0.2');
  expect(await isClosed(await open('127.0.0.2'))).toBe(true);
  expect(shortages).toEqual(['connections']);
  expect(await isServed('127.0.0.3')).toBe(true);
});

test('a connection whose request was answered is idle again, and a kept-alive one goes on', async () => {
  await start(8);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let count = 0; count < 3; count += 1) expect(await isServed('127.0.0.2', agent)).toBe(true);
  const idle = [await open('127.0.0.2'), await open('127.0.0.2'), await open('127.0.0.2')];
  // The agent's connection was idle before these, and is used again now.
  expect(await isServed('127.0.0.2', agent)).toBe(true);
  await open('127.0.0.2');
  expect(await isClosed(idle[0] as Socket)).toBe(true);
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
  agent.destroy();
});

test('a connection that is closed makes room', async () => {
  await start(8);
  for (let round = 0; round < 4; round += 1) {
    const busy = await Promise.all([openBusy('127.0.0.2')]);
    for (const socket of busy) {
      const connections = () =>
        new Promise((resolve) => server.server.getConnections((_, number) => resolve(number)));
      socket.destroy();
      await vi.waitFor(async () => expect(await connections()).toBe(0), 30_000);
    }
  }
  for (let count = 0; count < 4; count += 1) await openBusy('127.0.0.2');
  expect(shortages).toEqual([]);
});

test('a trusted proxy may have all connections, since they are those of many clients', async () => {
  await start(8, ['127.0.0.2']);
  for (let count = 0; count < 8; count += 1) await openBusy('127.0.0.2');
  expect(shortages).toEqual([]);
  expect(await isClosed(await open('127.0.0.2'))).toBe(true);
  expect(shortages).toEqual(['connections']);
});
