import { createHttpServer, createLogger } from '@signet/service';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { reportUnlistedProxies } from './unlisted-proxies.ts';

const logger = createLogger('test', 'silent');
let server: FastifyInstance;
const warn = vi.spyOn(logger, 'warn');

beforeEach(() => {
  warn.mockClear();
  server = createHttpServer({ logger });
  reportUnlistedProxies(server, {
    entrance: 'user',
    isTrustedProxy: (address) => address === '10.0.0.1',
    logger,
  });
});
afterEach(() => server.close());

const ask = (remoteAddress: string, headers: Record<string, string>) =>
  server.inject({ url: '/health/live', remoteAddress, headers });

test.each(['forwarded', 'x-forwarded-for'])(
  'says once what to set when %s comes from elsewhere',
  async (name) => {
    for (let count = 0; count < 5; count += 1) await ask('10.0.0.2', { [name]: 'for=192.0.2.1' });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(
      { entrance: 'user', address: '10.0.0.2', count: 1 },
      expect.stringMatching(/10\.0\.0\.2, which TRUSTED_PROXIES does not list.* add its address/),
    );
  },
);

test('is silent about proxies that are listed and about clients without such a header', async () => {
  await ask('10.0.0.1', { 'x-forwarded-for': '192.0.2.1' });
  await ask('10.0.0.2', {});
  expect(warn).not.toHaveBeenCalled();
});

test('writes few lines, however many strangers send such a header', async () => {
  for (let index = 0; index < 100; index += 1)
    await ask(`10.0.1.${index}`, { 'x-forwarded-for': '192.0.2.1' });
  expect(warn.mock.calls.length).toBeLessThanOrEqual(11);
  expect(warn.mock.lastCall).toEqual([
    { entrance: 'user', address: 'several', count: 1 },
    expect.stringContaining('came from several addresses, which TRUSTED_PROXIES does not list'),
  ]);
});
