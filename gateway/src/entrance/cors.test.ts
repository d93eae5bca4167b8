import cors from '@fastify/cors';
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { corsOptions } from './cors.ts';

const shop = 'https://shop.example';

async function ask(origin: string | undefined, { cookies = true, method = 'OPTIONS' } = {}) {
  const server = fastify();
  await server.register(cors, corsOptions({ origins: [shop, 'https://www.shop.example'], cookies }));
  server.post('/graphql', async () => ({}));
  const { headers } = await server.inject({
    method: method as 'OPTIONS' | 'POST',
    url: '/graphql',
    headers: { ...(origin !== undefined && { origin }), 'access-control-request-method': 'POST' },
  });
  await server.close();
  return headers;
}

test.each(['OPTIONS', 'POST'])('lets pages of listed origins have cookies (%s)', async (method) => {
  expect(await ask(shop, { method })).toMatchObject({
    'access-control-allow-origin': shop,
    'access-control-allow-credentials': 'true',
    vary: 'Origin',
  });
});

test.each([
  'https://evil.example',
  'http://shop.example',
  'https://shop.example.evil.example',
  'https://evilshop.example',
  'https://SHOP.example',
  'https://shop.example:8443',
  `${shop}, https://evil.example`,
  '*',
  'null',
  '',
  undefined,
])('tells %s nothing at all', async (origin) => {
  for (const method of ['OPTIONS', 'POST']) {
    const headers = await ask(origin, { method });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    // Who keeps answers must not give one page's to another.
    expect(headers.vary).toBe('Origin');
  }
});

test('lets nobody have cookies, nor ask for them, where they are off', async () => {
  expect((await ask(shop))['access-control-allow-headers']).toContain('signet-session');
  const off = await ask(shop, { cookies: false });
  expect(off['access-control-allow-origin']).toBe(shop);
  expect(off['access-control-allow-credentials']).toBeUndefined();
  expect(off['access-control-allow-headers']).not.toContain('signet-session');
});

test('lets pages send what Apollo Client sends', async () => {
  const { 'access-control-allow-headers': allowed } = await ask(shop);
  expect(String(allowed).split(', ')).toEqual(
    expect.arrayContaining([
      'authorization',
      'content-type',
      'apollo-require-preflight',
      'x-apollo-operation-name',
      'apollographql-client-name',
      'apollographql-client-version',
    ]),
  );
});
