import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthReadiness } from './auth-readiness.ts';

const auth = { status: 200, asked: 0 };
const server = createServer((req, res) => {
  auth.asked += req.url === '/health/ready' ? 1 : 1000;
  res.writeHead(auth.status).end('{}');
});
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
});
afterAll(() => void server.close());

test('says that auth is not ready once that lasts longer than a restart, and stays ready itself', async () => {
  let clock = 0;
  const { check, findLack } = createAuthReadiness('user', url, () => clock);
  expect(await findLack?.()).toBeUndefined();
  auth.status = 503;
  clock += 2000;
  expect(await findLack?.()).toBeUndefined();
  clock += 5000;
  expect(await findLack?.()).toBe('is not ready: nobody signs in or refreshes');
  expect(await check()).toBeUndefined();
  auth.status = 200;
  clock += 2000;
  expect(await findLack?.()).toBeUndefined();
});

test('asks once a second, however often it is asked', async () => {
  const { findLack } = createAuthReadiness('user', url, () => 0);
  auth.asked = 0;
  await Promise.all(Array.from({ length: 50 }, () => findLack?.()));
  expect(auth.asked).toBe(1);
});

test('takes an auth that nobody reaches for one that is not ready', async () => {
  let clock = 0;
  const { findLack } = createAuthReadiness('user', 'http://127.0.0.1:1/graphql', () => clock);
  await findLack?.();
  clock += 6000;
  expect(await findLack?.()).toMatch(/not ready/);
});
