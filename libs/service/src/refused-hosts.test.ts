import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { sendBytes } from './raw-http.test-support.ts';
import { listen } from './run-process.ts';

type Line = { level: number; msg: string; host?: string; requests?: number };
let lines: Line[];
let server: FastifyInstance;
let url: string;

beforeEach(async () => {
  lines = [];
  const logger = createLogger('test', 'warn', { write: (line) => lines.push(JSON.parse(line)) });
  server = createHttpServer({ logger, allowedHosts: ['shop.example'] });
  url = await listen(server, { host: '127.0.0.1', port: 0 });
});
afterEach(() => server.close());

const ask = async (host: string) => {
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`, 'latin1');
  return (await sendBytes(url, bytes)).status;
};

test('a refused Host is logged once, says what to do, and is counted when the minute is over or the server stops', async () => {
  for (const host of ['api.shop.example', 'API.shop.example', 'api.shop.example']) {
    expect(await ask(host)).toBe(421);
  }
  expect(await ask('shop.example')).toBe(404);
  expect(lines).toEqual([
    expect.objectContaining({
      level: 40,
      host: 'api.shop.example',
      requests: 1,
      msg: expect.stringMatching(/421.*ALLOWED_HOSTS/),
    }),
  ]);
  await server.close();
  expect(lines.slice(1)).toEqual([expect.objectContaining({ host: 'api.shop.example', requests: 2 })]);
});

test('what a stranger writes there is escaped and cut', async () => {
  expect(await ask('evil.example "\t\xe9')).toBe(421);
  expect(await ask('x'.repeat(5000))).toBe(421);
  expect(lines.map(({ host }) => host)).toEqual(['evil.example%20"%09%e9', 'x'.repeat(260)]);
});

test('strangers who invent hosts cause twenty lines and one for all others', async () => {
  for (let n = 0; n < 60; n++) await ask(`h${n}.example`);
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toMatchObject({ host: 'several' });
});
