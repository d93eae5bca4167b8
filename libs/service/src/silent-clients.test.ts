import { once } from 'node:events';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { listen } from './run-process.ts';

/** More than the buffers of both ends of a connection take. */
const large = 'x'.repeat(64 * 2 ** 20);

let server: FastifyInstance;
let url: string;

beforeEach(async () => {
  server = createHttpServer({
    logger: createLogger('test', 'silent'),
    timeoutsMs: { headers: 300, request: 600, check: 100, silence: 2000 },
  });
  server.get('/large', async () => large);
  url = await listen(server, { host: '127.0.0.1', port: 0 });
});
afterEach(() => server.close());

test('the connection of a client that asks and does not read is closed', async () => {
  const client = connect(Number(new URL(url).port), '127.0.0.1').pause();
  const asked = once(server.server, 'request');
  client.write('GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const [, response] = await asked;
  // By default it would be closed after 120 s, and this test fails before that.
  await once(response, 'close');
  expect(response.writableFinished).toBe(false);
  client.destroy();
});

test('a client that reads slowly gets all of its answer', async () => {
  const client = connect(Number(new URL(url).port), '127.0.0.1');
  client.write('GET /large HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  let received = 0;
  let pauses = 0;
  client.on('data', (piece: Buffer) => {
    received += piece.length;
    // Longer in all than a client may be silent, and much shorter each time.
    if (received <= pauses * 2 ** 24) return;
    pauses += 1;
    client.pause();
    setTimeout(() => client.resume(), 700);
  });
  await once(client, 'close');
  expect(pauses).toBeGreaterThanOrEqual(4);
  expect(received).toBeGreaterThan(large.length);
});
