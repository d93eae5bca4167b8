import cors from '@fastify/cors';
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { corsOptions } from './cors.ts';

const shop = 'https://shop.example';

async function ask(origin: string | undefined, { cookies = true, method = 'OPTIONS' } = {}) {
  const server = fastify();
  await server.register(cors, corsOptions({ origins: [shop], cookies }));
  server.post('/graphql', async () => ({}));
  const { headers } = await server.inject({
    method: method as 'OPTIONS' | 'POST',
    url: '/graphql',
    headers: { ...(origin && { origin }), 'access-control-request-method': 'POST' },
  });
  await server.close();
  return {
    origin: headers['access-control-allow-origin'],
    credentials: headers['access-control-allow-credentials'],
    headers: String(headers['access-control-allow-headers']),
    vary: headers.vary,
  };
}

test.each(['OPTIONS', 'POST'])('lets pages of listed origins have cookies (%s)', async (method) => {
  expect(await ask(shop, { method })).toMatchObject({ origin: shop, credentials: 'true', vary: 'Origin' });
});

test.each(['https://evil.example', 'http://shop.example', 'null', undefined])(
  'tells %s nothing',
  async (origin) => {
    for (const method of ['OPTIONS', 'POST']) {
      const answer = await ask(origin, { method });
      expect([answer.origin, answer.credentials]).toEqual([undefined, undefined]);
    }
  },
);

test('lets nobody have cookies, nor ask for them, where they are off', async () => {
  expect((await ask(shop)).headers).toContain('signet-session');
  const off = await ask(shop, { cookies: false });
  expect([off.origin, off.credentials]).toEqual([shop, undefined]);
  expect(off.headers).not.toContain('signet-session');
});
