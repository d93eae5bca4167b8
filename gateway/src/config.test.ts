import { productSubgraphs, urlVariableOf } from '@signet/schema/subgraphs';
import { type ConfigError, loadConfig } from '@signet/service';
import { expect, test } from 'vitest';
import { gatewayConfigSchema } from './config.ts';

const good = {
  ISSUER_URL: 'https://id.example',
  USER_JWKS_URL: 'https://id.example/user.json',
  PORTAL_JWKS_URL: 'https://id.example/portal.json',
  AUTH_USER_URL: 'http://auth-user:4011/graphql',
  AUTH_PORTAL_URL: 'http://auth-portal:4011/graphql',
  PORTAL_URL: 'http://portal:4012/graphql',
  ...Object.fromEntries(
    productSubgraphs.map(({ name }) => [urlVariableOf(name), `http://${name}:4012/graphql`]),
  ),
  GRAPH_PROOF_KEY_FILE: '/run/proof/graph.json',
  USER_PROOF_KEY_FILE: '/run/proof/user.json',
  PORTAL_PROOF_KEY_FILE: '/run/proof/portal.json',
  PROOF_PEERS_FILE: '/run/proof/peers.json',
};
const revocations = { REVOCATIONS_DATABASE_URL: 'postgres://signet_verifier:secret@db/signet' };

function faultsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig(gatewayConfigSchema, env);
    return [];
  } catch (error) {
    return (error as ConfigError).faults;
  }
}

test('needs no more than where the others are', () => {
  expect(loadConfig(gatewayConfigSchema, good)).toMatchObject({
    GRAPH_PORT: 4000,
    HOST: '127.0.0.1',
    CORS_ORIGINS: [],
    TRUSTED_PROXIES: [],
  });
});

test('in production the entrances must be named, and this is reported with all other faults', () => {
  const production = { ...good, ...revocations, NODE_ENV: 'production' };
  expect(faultsOf({ ...production, ENTRANCES: 'graph' })).toEqual([]);
  const { PORTAL_URL: _, ...rest } = production;
  expect(faultsOf({ ...rest, GRAPH_PORT: 'x' }).map((fault) => fault.split(':')[0])).toEqual([
    'GRAPH_PORT',
    'PORTAL_URL',
    'ENTRANCES',
  ]);
  expect(faultsOf({ ...production, ENTRANCES: 'backdoor' })).toHaveLength(1);
  expect(faultsOf({ ...production, ENTRANCES: ',' })).toHaveLength(1);
});

test('in production, and with its surface, a dry run of the access rules must be confirmed', () => {
  const production = { ...good, ...revocations, NODE_ENV: 'production', ENTRANCES: 'user' };
  for (const env of [production, { ...good, SURFACE: 'production' }]) {
    expect(faultsOf({ ...env, ACCESS_DRY_RUN: 'yes' })).toEqual([
      expect.stringMatching(
        /^ACCESS_DRY_RUN: must not be yes in production.*ACCESS_DRY_RUN_IN_PRODUCTION=yes/,
      ),
    ]);
    expect(faultsOf({ ...env, ACCESS_DRY_RUN: 'yes', ACCESS_DRY_RUN_IN_PRODUCTION: 'no' })).toHaveLength(1);
    expect(faultsOf({ ...env, ACCESS_DRY_RUN: 'yes', ACCESS_DRY_RUN_IN_PRODUCTION: 'yes' })).toEqual([]);
    expect(faultsOf({ ...env, ACCESS_DRY_RUN_IN_PRODUCTION: 'yes' })).toEqual([]);
  }
  expect(faultsOf({ ...good, ACCESS_DRY_RUN: 'yes' })).toEqual([]);
});

test.each([
  ['CORS_ALLOWED_HEADERS', '*'],
  ['CORS_ALLOWED_HEADERS', 'x-shop, two words'],
  ['TRUSTED_PROXIES', '10.0.0.1'],
  ['TRUSTED_PROXIES', '10.0.0.0/8,all'],
  ['CORS_ORIGINS', '*'],
  ['CORS_ORIGINS', 'https://shop.example/'],
  ['CORS_ORIGINS', 'shop.example'],
  ['CORS_ORIGINS', 'null'],
  ['GRAPH_CORS_ORIGINS', 'https://*.shop.example'],
  ['USER_CORS_ORIGINS', '*'],
  ['PORTAL_CORS_ORIGINS', 'null'],
  ['SURFACE', 'closed'],
  ['TENANT_HOSTS', 'shop.example'],
  ['TENANT_HOSTS', 'shop.example=a b'],
  ['ALLOWED_HOSTS', 'https://shop.example'],
  ['AUTH_USER_URL', 'file:///etc/passwd'],
])('refuses %s=%s', (name, value) => {
  expect(faultsOf({ ...good, [name]: value })).toEqual([expect.stringMatching(`^${name}: must be`)]);
});

test("a tenant's host counts in any spelling", () => {
  expect(loadConfig(gatewayConfigSchema, { ...good, TENANT_HOSTS: 'Shop.Example=ACME' })).toMatchObject({
    TENANT_HOSTS: ['shop.example=acme'],
  });
});

test('says beside all other faults when keys come from nowhere or two places, and revocations from nowhere', () => {
  const { USER_JWKS_URL: _, PORTAL_URL: _2, ...rest } = good;
  const env = {
    ...rest,
    NODE_ENV: 'production',
    ENTRANCES: 'user',
    PORTAL_PUBLIC_KEYS: '-----BEGIN PUBLIC KEY-----',
  };
  expect(faultsOf(env)).toEqual([
    'PORTAL_URL: is not set',
    'USER_JWKS_URL: is not set, nor is USER_PUBLIC_KEYS',
    'PORTAL_PUBLIC_KEYS: is set together with PORTAL_JWKS_URL; keep one',
    'REVOCATIONS_DATABASE_URL: is not set; without it logout would not end access tokens',
  ]);
});
