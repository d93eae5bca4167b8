import { createHttpServer, createLogger } from '@signet/service';
import type { KeySource, TrustedIssuer } from '@signet/session';
import { expect, test } from 'vitest';
import { keysUrlOf, registerWellKnown } from './well-known.ts';

const issuerUrl = 'https://id.example/';

function createIssuer(platform: 'user' | 'portal', kids: string[] | undefined): TrustedIssuer {
  const keys: KeySource = {
    findKey: async () => 'unknown',
    peekKey: () => undefined,
    refetch: () => {},
    checkReady: async () => undefined,
    readJwks: async () => kids && { keys: kids.map((kid) => ({ kty: 'OKP', kid })) },
  };
  return { issuer: `https://id.example/${platform}`, audience: `signet:${platform}`, platform, keys };
}

function createServer(issuers: TrustedIssuer[], combined = true) {
  const server = createHttpServer({ logger: createLogger('test', 'silent') });
  registerWellKnown(server, {
    issuerUrl,
    keysUrl: issuerUrl,
    issuers,
    combined,
    clients: { areSecretsOn: true },
  });
  return (path: string) => server.inject({ url: `/.well-known/${path}`, headers: { host: 'localhost' } });
}

const both = [createIssuer('user', ['u']), createIssuer('portal', ['p'])];

test('gives each platform its own keys, and both under one path where that is asked for', async () => {
  const get = createServer(both);
  expect((await get('jwks/user.json')).json()).toEqual({ keys: [{ kty: 'OKP', kid: 'u' }] });
  const portal = await get('jwks/portal.json');
  expect(portal.json()).toEqual({ keys: [{ kty: 'OKP', kid: 'p' }] });
  expect(portal.headers['cache-control']).toBe('public, max-age=300');
  expect((await get('jwks.json')).json().keys).toHaveLength(2);
});

test('gives the metadata of each platform', async () => {
  const get = createServer(both);
  expect((await get('oauth-authorization-server/user')).json()).toMatchObject({
    issuer: 'https://id.example/user',
    jwks_uri: 'https://id.example/.well-known/jwks/user.json',
    token_endpoint: 'https://id.example/oauth/user/token',
    token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
  });
});

test.each([
  ['https://id.example', ['user'], 'https://id.example'],
  ['https://id.example/', ['portal'], 'https://id.example/'],
  ['http://localhost:4000', undefined, 'http://localhost:4000'],
  ['http://localhost:4000', ['graph', 'user'], 'http://localhost:4000'],
  ['http://localhost:4000', ['user'], 'http://localhost:4001'],
  ['https://localhost:4000', ['user'], 'https://localhost:4000'],
  ['http://127.0.0.1:4000/', ['user', 'portal'], 'http://127.0.0.1:4001'],
] as const)('under the issuer %s, with the entrances %j, the keys are at %s', (ISSUER_URL, names, url) => {
  expect(keysUrlOf({ ISSUER_URL, ENTRANCES: names && [...names] }, 4001)).toBe(url);
});

test('has nothing of a platform that the entrance does not admit', async () => {
  const get = createServer([createIssuer('user', ['u'])], false);
  for (const path of ['jwks/portal.json', 'oauth-authorization-server/portal', 'jwks.json']) {
    expect((await get(path)).statusCode).toBe(404);
  }
});

test('without keys is 503 to be tried again, never an empty set that would be cached', async () => {
  const get = createServer([createIssuer('user', ['u']), createIssuer('portal', undefined)]);
  expect((await get('jwks/user.json')).statusCode).toBe(200);
  for (const path of ['jwks/portal.json', 'jwks.json']) {
    const answer = await get(path);
    expect(answer.statusCode).toBe(503);
    expect(answer.headers).toMatchObject({ 'retry-after': '2' });
    expect(answer.headers).toMatchObject({ 'cache-control': 'private, no-store' });
    expect(answer.json()).toMatchObject({ errors: [{ extensions: { reason: 'auth.unavailable' } }] });
  }
});
