import { fastify } from 'fastify';
import { expect, test, vi } from 'vitest';
import { registerCors } from './cors.ts';

const shop = 'https://shop.example';

const add = vi.fn<(origin: string, why: string) => void>();

async function ask(
  origin: string | undefined,
  { cookies = true, method = 'OPTIONS', headers: more = [] as string[] } = {},
) {
  add.mockClear();
  const server = fastify();
  const settings = { origins: [shop, 'https://www.shop.example'], cookies, headers: more };
  await registerCors(server, settings, { add });
  server.post('/graphql', async (_request, reply) => reply.header('vary', 'accept').send({}));
  const { headers } = await server.inject({
    method: method as 'OPTIONS' | 'POST',
    url: '/graphql',
    headers: {
      host: 'api.example',
      ...(origin !== undefined && { origin }),
      'access-control-request-method': 'POST',
    },
  });
  await server.close();
  return headers;
}

test.each(['OPTIONS', 'POST'])('lets pages of listed origins have cookies (%s)', async (method) => {
  expect(await ask(shop, { method })).toMatchObject({
    'access-control-allow-origin': shop,
    'access-control-allow-credentials': 'true',
    vary: expect.stringMatching(/(^|, )Origin$/),
  });
  expect(add).not.toHaveBeenCalled();
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
    expect(headers.vary).toBe(method === 'POST' ? 'accept, Origin' : 'Origin');
    expect(add.mock.calls).toEqual(origin ? [[origin, 'is not listed']] : []);
  }
});

test('lets nobody have cookies, nor ask for them, where they are off', async () => {
  expect((await ask(shop))['access-control-allow-headers']).toContain('signet-session');
  const off = await ask(shop, { cookies: false });
  expect(off['access-control-allow-origin']).toBe(shop);
  expect(off['access-control-allow-credentials']).toBeUndefined();
  expect(off['access-control-allow-headers']).not.toContain('signet-session');
});

test('says nothing of a page of its own origin', async () => {
  await ask('https://api.example', { method: 'POST' });
  expect(add).not.toHaveBeenCalled();
});

test('lets pages send the headers of tracing, and those of the configuration', async () => {
  const allowed = String((await ask(shop, { headers: ['x-shop-version'] }))['access-control-allow-headers']);
  expect(allowed.split(', ')).toEqual(
    expect.arrayContaining(['traceparent', 'tracestate', 'baggage', 'sentry-trace', 'x-shop-version']),
  );
  expect(String((await ask(shop))['access-control-allow-headers'])).not.toContain('x-shop-version');
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
