import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createJwksClient } from './jwks-client.ts';

const url = 'https://id.example/jwks';
const stops: (() => void)[] = [];
let a: JWK;
let b: JWK;
let privateJwk: JWK;
let weakRsa: JWK;

beforeAll(async () => {
  const [first, second, weak] = await Promise.all([
    generateKeyPair('EdDSA', { extractable: true }),
    generateKeyPair('ES256', { extractable: true }),
    crypto.subtle.generateKey(
      {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: 1024,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: 'SHA-256',
      },
      true,
      ['sign', 'verify'],
    ),
  ]);
  a = { ...(await exportJWK(first.publicKey)), kid: 'a', use: 'sig' };
  b = { ...(await exportJWK(second.publicKey)), kid: 'b' };
  privateJwk = { ...(await exportJWK(first.privateKey)), kid: 'private' };
  weakRsa = { ...(await exportJWK(weak.publicKey)), kid: 'weak' };
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A client of an issuer that answers as told, with a clock that stands still until moved. */
function createClient(answer: () => unknown = () => ({ keys: [a] })) {
  const state = { seconds: 1000, fetches: 0, answer };
  const failures: unknown[] = [];
  const client = createJwksClient({
    url,
    now: () => state.seconds * 1000,
    fetchJwks: async () => {
      state.fetches += 1;
      await new Promise(setImmediate);
      return state.answer();
    },
    onFailure: (error) => failures.push(error),
  });
  return { client, state, failures };
}

const down = () => {
  throw new Error('connection refused');
};
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

test('reads the keys once for many who ask at the same time', async () => {
  const { client, state } = createClient();
  const found = await Promise.all(Array.from({ length: 100 }, () => client.findKey('a')));
  expect(found.every((key) => typeof key === 'object' && key.algorithm === 'EdDSA')).toBe(true);
  expect(state.fetches).toBe(1);
});

test('1000 made-up kids cause one fetch in the cooldown', async () => {
  const { client, state } = createClient();
  await client.findKey('a');
  state.seconds += 30;
  const names = Array.from({ length: 1000 }, (_, index) => `made-up-${index}`);
  expect(new Set(await Promise.all(names.map((kid) => client.findKey(kid))))).toEqual(new Set(['unknown']));
  for (const kid of names) await client.findKey(kid);
  expect(state.fetches).toBe(2);
  state.seconds += 29;
  await client.findKey('x');
  expect(state.fetches).toBe(2);
});

test('made-up kids cause no more fetches while the issuer is down', async () => {
  const { client, state } = createClient();
  await client.findKey('a');
  state.seconds += 30;
  state.answer = down;
  for (let second = 0; second < 29; second += 1) {
    await client.findKey(`made-up-${second}`);
    state.seconds += 1;
  }
  expect(state.fetches).toBe(2);
});

test('finds a new key after the cooldown', async () => {
  const { client, state } = createClient();
  expect(await client.findKey('b')).toBe('unknown');
  state.answer = () => ({ keys: [a, b] });
  expect(await client.findKey('b')).toBe('unknown');
  state.seconds += 30;
  expect(await client.findKey('b')).toMatchObject({ algorithm: 'ES256' });
});

test('refuses nobody while the issuer is down, up to the ceiling; then it is an outage', async () => {
  const { client, state, failures } = createClient();
  await client.findKey('a');
  state.answer = down;
  for (let minute = 0; minute < 12 * 60; minute += 10) {
    state.seconds += 600;
    expect(await client.findKey('a')).toMatchObject({ algorithm: 'EdDSA' });
    await settle();
  }
  expect(state.fetches).toBeGreaterThan(50);
  // Said once, and again where the reason is another.
  expect(failures).toHaveLength(1);
  state.answer = () => {
    throw new Error('certificate has expired');
  };
  state.seconds += 1;
  expect(await client.findKey('a')).toBe('unavailable');
  expect(await client.checkReady()).toBe('the public keys can not be read');
  expect(await client.readJwks()).toBeUndefined();
  expect(failures).toHaveLength(2);
  state.seconds += 1;
  state.answer = () => ({ keys: [a] });
  expect(await client.findKey('a')).toMatchObject({ algorithm: 'EdDSA' });
});

test('refreshes in the background past the age, and pauses after a failure', async () => {
  const { client, state } = createClient();
  await client.findKey('a');
  state.seconds += 301;
  state.answer = down;
  for (let index = 0; index < 50; index += 1) {
    await client.findKey('a');
    await settle();
  }
  expect(state.fetches).toBe(2);
  state.seconds += 1;
  await client.findKey('a');
  expect(state.fetches).toBe(3);
});

test('a withdrawn key is not used once more after hours without a request', async () => {
  const { client, state } = createClient(() => ({ keys: [a, b] }));
  await client.findKey('a');
  state.answer = () => ({ keys: [b] });
  state.seconds += 3600;
  expect(await client.findKey('a')).toBe('unknown');
});

test('is unavailable, not unknown, before the first keys are there, and asks once a second', async () => {
  const { client, state } = createClient(down);
  for (let index = 0; index < 20; index += 1) expect(await client.findKey('a')).toBe('unavailable');
  expect(state.fetches).toBe(1);
  state.seconds += 1;
  state.answer = () => ({ keys: [a] });
  expect(await client.findKey('a')).toMatchObject({ algorithm: 'EdDSA' });
});

test.each([null, {}, [], 'text', { keys: {} }, { keys: [] }, { keys: [null, 1, 'x'] }])(
  'a document without keys is a failure: %j',
  async (document) => {
    expect(await createClient(() => document).client.findKey('a')).toBe('unavailable');
  },
);

test('passes over keys that it must not use, and keeps the others', async () => {
  const bad = [
    privateJwk,
    weakRsa,
    { ...a, kid: 'encryption', use: 'enc' },
    { ...a, kid: 'other-algorithm', alg: 'RS256' },
    { ...a, kid: 'sign-only', key_ops: ['sign'] },
    { ...a, kid: 'broken', x: 'AAAA' },
    { ...a, kid: 7 },
    { kty: 'oct', k: 'c2VjcmV0', kid: 'symmetric' },
    { kty: 'constructor', kid: 'constructor' },
    { kty: 'EC', crv: 'P-384', kid: 'p384' },
  ];
  const { client } = createClient(() => ({ keys: [...bad, { ...a, other: 'member' }] }));
  for (const { kid } of bad) expect(await client.findKey(String(kid))).toBe('unknown');
  expect(await client.findKey('a')).toMatchObject({ algorithm: 'EdDSA' });
  expect(await client.readJwks()).toEqual({ keys: [a] });
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
}

test.each<[string, RequestListener]>([
  ['a redirect', (_, res) => res.writeHead(302, { location: '/other' }).end(JSON.stringify({ keys: [a] }))],
  ['a status 500', (_, res) => res.writeHead(500).end(JSON.stringify({ keys: [a] }))],
  ['HTML', (_, res) => res.end('<html>')],
  ['an oversized document', (_, res) => res.end(JSON.stringify({ keys: [a], x: 'x'.repeat(70_000) }))],
  ['a cut connection', (_, res) => res.socket?.destroy()],
])('takes no keys from %s', async (_, listener) => {
  const paths: (string | undefined)[] = [];
  const address = await serve((req, res) => {
    paths.push(req.url);
    listener(req, res);
  });
  expect(await createJwksClient({ url: address }).findKey('a')).toBe('unavailable');
  expect(paths).toEqual(['/jwks']);
});

test('takes keys over HTTP', async () => {
  const address = await serve((_, res) => res.end(JSON.stringify({ keys: [a] })));
  expect(await createJwksClient({ url: address }).findKey('a')).toMatchObject({ algorithm: 'EdDSA' });
});

test('peeks at a key without a fetch, and finds the same object again after the set was read anew', async () => {
  const { client, state } = createClient();
  expect(client.peekKey('a')).toBeUndefined();
  expect(state.fetches).toBe(0);
  const key = await client.findKey('a');
  expect(client.peekKey('a')).toBe(key);
  expect(client.peekKey('b')).toBeUndefined();
  state.answer = () => ({ keys: [b, a] });
  state.seconds += 301;
  expect(client.peekKey('a')).toBe(key);
  await settle();
  expect(state.fetches).toBe(2);
  expect(client.peekKey('a')).toBe(key);
  expect(client.peekKey('b')).toBeDefined();
});

test('peeking sees that a key has left, or is another under the same kid', async () => {
  const { client, state } = createClient(() => ({ keys: [a, b] }));
  const key = await client.findKey('a');
  state.answer = () => ({ keys: [{ ...b, kid: 'a' }] });
  state.seconds += 301;
  client.peekKey('a');
  await settle();
  expect(client.peekKey('a')).toBeDefined();
  expect(client.peekKey('a')).not.toBe(key);
  expect(client.peekKey('b')).toBeUndefined();
});

test('peeking gives up where asking would wait or fail: after hours without a request, and past the ceiling', async () => {
  const { client, state } = createClient();
  await client.findKey('a');
  state.seconds += 601;
  expect(client.peekKey('a')).toBeUndefined();
  await settle();
  expect(client.peekKey('a')).toBeDefined();
  state.answer = down;
  state.seconds += 12 * 3600;
  client.peekKey('a');
  await settle();
  expect(client.peekKey('a')).toBeDefined();
  state.seconds += 1;
  expect(client.peekKey('a')).toBeUndefined();
});

test('when a key was revoked, reads anew at once and looks unknown kids up each second for a while', async () => {
  const { client, state } = createClient();
  await client.findKey('a');
  expect(await client.findKey('b')).toBe('unknown');
  expect(state.fetches).toBe(1);
  client.refetch();
  await settle();
  expect(state.fetches).toBe(2);
  state.answer = () => ({ keys: [b] });
  state.seconds += 1;
  expect(await client.findKey('b')).toMatchObject({ algorithm: 'ES256' });
  expect(client.peekKey('a')).toBeUndefined();
  for (let call = 0; call < 5; call++) await client.findKey('made-up');
  expect(state.fetches).toBe(3);
  state.seconds += 29;
  await client.findKey('made-up');
  expect(state.fetches).toBe(3);
  state.seconds += 1;
  await client.findKey('made-up');
  expect(state.fetches).toBe(4);
});

test('a fetch that began before the revocation does not count for the one after it', async () => {
  const { client, state } = createClient();
  const early = client.findKey('a');
  client.refetch();
  await early;
  await settle();
  expect(state.fetches).toBe(2);
});
