import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { registerBuiltApp, registerConsole } from './built-app.ts';

const script = 'console.log(1);'.repeat(1000);
let folder: string;
let server: FastifyInstance;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-console-'));
  writeFileSync(join(folder, 'stamp.js'), 'outside of assets');
  server = Fastify();
  registerConsole(server, folder);
  server.setNotFoundHandler((_request, reply) => reply.code(404).send({ ours: true }));
});
afterEach(() => rmSync(folder, { recursive: true }));

function build(): void {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Console</title>');
  writeFileSync(join(folder, 'assets/index-1.js'), script);
}

test('says that it is not built yet, and finds its files as soon as they are there', async () => {
  const before = await server.inject('/console/customers');
  expect(before).toMatchObject({ statusCode: 503, headers: { refresh: '2', 'cache-control': 'no-store' } });
  expect((await server.inject('/console/assets/index-1.js')).statusCode).toBe(404);
  build();
  expect((await server.inject('/console/customers')).body).toContain('<title>Console</title>');
  expect((await server.inject('/console/assets/index-1.js')).body).toBe(script);
});

test('gives a file compressed where the client can read that, once, and its head alone', async () => {
  build();
  const url = '/console/assets/index-1.js';
  const { headers, rawPayload } = await server.inject({ url, headers: { 'accept-encoding': 'gzip, br' } });
  expect(headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' });
  expect(brotliDecompressSync(rawPayload).toString()).toBe(script);
  const known = await server.inject({ url, headers: { 'if-none-match': String(headers.etag) } });
  expect(known).toMatchObject({ statusCode: 304, body: '' });
  expect(await server.inject({ method: 'HEAD', url })).toMatchObject({ statusCode: 200, body: '' });
});

test.each([
  '../stamp.js',
  '..%2fstamp.js',
  '%2e%2e%2fstamp.js',
  '..%5cstamp.js',
  'index-1.js%00.js',
  'index-1.js.map',
  'stamp',
  'none.js',
])('gives no other file: %s', async (name) => {
  build();
  const { statusCode, body } = await server.inject(`/console/assets/${name}`);
  expect(body).not.toContain('outside of assets');
  if (statusCode !== 404) expect(body).toContain('<title>Console</title>');
});

test('serves an app at the root, whose page is told where the API is and may call that and nothing else', async () => {
  build();
  const shop = Fastify();
  registerBuiltApp(shop, {
    folder,
    base: '',
    workspace: 'shop',
    apiOrigins: ['http://localhost:4001'],
    adaptPage: (page) => page.replace('Console', 'Shop'),
  });
  const { body, headers } = await shop.inject('/orders/7');
  expect(body).toContain('<title>Shop</title>');
  expect(headers['content-security-policy']).toContain("connect-src 'self' http://localhost:4001");
  expect((await shop.inject('/assets/index-1.js')).body).toBe(script);
});
