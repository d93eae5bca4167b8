import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createHttpServer, createLogger, listen } from '@signet/service';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClientAddressReader, createProxyCheck } from './client-address.ts';
import { membersOf } from './shares.ts';
import { registerWaitingAnswers } from './waiting-answers.ts';

/** More than the buffers of both ends of a connection take. */
const large = 'x'.repeat(16 * 2 ** 20);
const readClientAddress = createClientAddressReader(createProxyCheck(['127.0.0.1/32']));
const shortages: string[] = [];
const sockets: Socket[] = [];
let server: FastifyInstance;
let port: number;

async function start(options: { maxBytes: number; bytesPerSecond: number; graceMs: number }) {
  server = createHttpServer({ logger: createLogger('test', 'silent') });
  registerWaitingAnswers(server, {
    ...options,
    clientOf: ({ raw, headers }) => membersOf(readClientAddress(raw.socket.remoteAddress, headers)),
    log: { add: (shortage) => void shortages.push(shortage), stop() {} },
  });
  server.get('/large', async () => large);
  server.get('/huge', async () => large.repeat(3));
  server.get('/small', async () => 'small');
  server.get('/file', async (_request, reply) =>
    reply
      .header('content-encoding', 'br')
      .header('etag', '"1"')
      .header('last-modified', 'Sat, 01 Nov 2025 00:00:00 GMT')
      .header('cache-control', 'public, max-age=31536000, immutable')
      .send(Buffer.from(large)),
  );
  port = Number(new URL(await listen(server, { host: '127.0.0.1', port: 0 })).port);
}

beforeEach(() => {
  shortages.length = 0;
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
});

/** Asks for an answer and reads nothing. Resolves when the answer has begun to wait. */
async function askUnread(client: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').pause();
  sockets.push(socket);
  const asked = once(server.server, 'request');
  socket.write(`GET /large HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: ${client}\r\n\r\n`);
  const [, response] = await asked;
  await vi.waitFor(() => expect(response.headersSent).toBe(true), 30_000);
  return socket;
}

const ask = (client: string, path: string) =>
  fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-forwarded-for': client } });

/** Reads to the end of a connection: how many bytes came. */
async function drain(socket: Socket): Promise<number> {
  let bytes = 0;
  socket.on('data', (piece: Buffer) => {
    bytes += piece.length;
  });
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'close');
  return bytes;
}

test('a client that reads more slowly than it must is cut', async () => {
  await start({ maxBytes: 2 ** 30, bytesPerSecond: 2 ** 25, graceMs: 300 });
  const slow = await askUnread('192.0.2.1');
  await vi.waitFor(() => expect(shortages).toEqual(['slow reader']), 30_000);
  expect(await drain(slow)).toBeLessThan(large.length);
});

test('a client that reads fast enough gets all of its answer, and its next one', async () => {
  await start({ maxBytes: 2 ** 30, bytesPerSecond: 2 ** 20, graceMs: 10_000 });
  for (let count = 0; count < 2; count += 1) {
    expect(await (await ask('192.0.2.1', '/large')).text()).toHaveLength(large.length);
  }
  expect(shortages).toEqual([]);
});

test('a client without room for one more answer loses the one that has waited for longest', async () => {
  await start({ maxBytes: 5 * large.length, bytesPerSecond: 1, graceMs: 60_000 });
  const [first, second] = [await askUnread('192.0.2.1'), await askUnread('192.0.2.1')];
  const other = await askUnread('192.0.2.2');
  const newest = await ask('192.0.2.1', '/large');
  expect(await newest.text()).toHaveLength(large.length);
  expect(await drain(first)).toBeLessThan(large.length);
  expect(shortages).toEqual(['answers']);
  expect([second.destroyed, other.destroyed]).toEqual([false, false]);
});

test('an answer that has no room at all is 503, and small ones are given', async () => {
  await start({ maxBytes: large.length, bytesPerSecond: 1, graceMs: 60_000 });
  const refused = await ask('192.0.2.1', '/large');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toMatchObject({ errors: [{ extensions: { reason: 'service.unavailable' } }] });
  expect(await (await ask('192.0.2.1', '/small')).text()).toBe('small');
});

test('a 503 in place of a file says nothing of the file, and no cache keeps it', async () => {
  await start({ maxBytes: large.length, bytesPerSecond: 1, graceMs: 60_000 });
  const { statusCode, headers } = await server.inject({ url: '/file', headers: { host: 'localhost' } });
  expect(statusCode).toBe(503);
  expect(headers['cache-control']).toBe('private, no-store');
  for (const name of ['content-encoding', 'etag', 'last-modified']) expect(headers).not.toHaveProperty(name);
});

test('an answer that could never have room cuts none of those that wait', async () => {
  await start({ maxBytes: 5 * large.length, bytesPerSecond: 1, graceMs: 60_000 });
  const waiting = await askUnread('192.0.2.1');
  expect((await ask('192.0.2.1', '/huge')).status).toBe(503);
  expect(shortages).toEqual(['answers']);
  let bytes = 0;
  waiting.on('data', (piece: Buffer) => {
    bytes += piece.length;
  });
  waiting.resume();
  await vi.waitFor(() => expect(bytes).toBeGreaterThan(large.length), 30_000);
});

test('what waited for a client that has gone is free again', async () => {
  await start({ maxBytes: 3 * large.length, bytesPerSecond: 1, graceMs: 60_000 });
  for (let count = 0; count < 5; count += 1) {
    const socket = await askUnread('192.0.2.1');
    socket.destroy();
    await vi.waitFor(async () => {
      const open = await new Promise((resolve) =>
        server.server.getConnections((_, number) => resolve(number)),
      );
      expect(open).toBe(0);
    });
  }
  expect(shortages).toEqual([]);
});
