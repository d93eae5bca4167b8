import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { listen } from './run-process.ts';

let server: FastifyInstance;
let url: string;
let begun: number;

beforeEach(async () => {
  begun = 0;
  server = createHttpServer({ logger: createLogger('test', 'silent') });
  server.get('/slow', async () => {
    begun += 1;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return begun;
  });
  server.post('/quick', async () => {
    begun += 1;
    return begun;
  });
  url = await listen(server, { host: '127.0.0.1', port: 0 });
});
afterEach(() => server.close());

const request = 'GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n';

function open(requests: number, text = request) {
  const client = connect(Number(new URL(url).port), '127.0.0.1');
  let received = '';
  client.setEncoding('utf8').on('data', (piece: string) => {
    received += piece;
  });
  client.on('error', () => {});
  client.write(text.repeat(requests));
  return { client, countAnswers: () => received.split('HTTP/1.1 200 OK').length - 1 };
}

test('a client that sends some requests ahead gets all answers', async () => {
  const { client, countAnswers } = open(10);
  await vi.waitFor(() => expect(countAnswers()).toBe(10), 30_000);
  client.write(request.repeat(10));
  await vi.waitFor(() => expect(countAnswers()).toBe(20), 30_000);
  client.destroy();
});

test('a client that waits for each answer may ask as often as it likes', async () => {
  const { client, countAnswers } = open(1, quick);
  for (let count = 1; count <= 100; count += 1) {
    await vi.waitFor(() => expect(countAnswers()).toBe(count), { interval: 1, timeout: 30_000 });
    client.write(quick);
  }
  client.destroy();
});

const quick =
  'POST /quick HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}';

test.each([
  ['slow', request],
  ['quick', quick],
])(
  'a connection that brings a thousand %s requests at once is closed, and hardly any of them is begun',
  async (_, text) => {
    const { client } = open(1000, text);
    // With an error or without, as the rest of what it sent is read or not.
    if (!client.closed) await new Promise((resolve) => client.once('close', resolve));
    expect(begun).toBeLessThanOrEqual(16);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  },
);
