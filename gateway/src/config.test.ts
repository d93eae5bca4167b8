import { productSubgraphs, urlVariableOf } from '@signet/schema/subgraphs';
import { type ConfigError, loadConfig } from '@signet/service';
import { expect, test } from 'vitest';
import { gatewayConfigSchema } from './config.ts';
import { arePoliciesByToken, verifiedPlatforms } from './config-graph.ts';

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

const foreign = { SUPERGRAPH_FILE: '/graph.graphql', ACCESS: 'off', PROOF: 'off' };

test('the token decides about policies where the subgraphs are others’, unless they are said to', () => {
  const read = (env: Record<string, string>) => arePoliciesByToken(loadConfig(gatewayConfigSchema, env));
  expect(read(good)).toBe(false);
  expect(read({ ...good, POLICIES: 'token' })).toBe(true);
  expect(read(foreign)).toBe(true);
  expect(read({ ...foreign, POLICIES: 'subgraphs' })).toBe(false);
  expect(faultsOf({ ...foreign, POLICIES: 'none' })).toEqual([expect.stringMatching(/^POLICIES: must be/)]);
});

test('another supergraph needs its file alone, and its port is PORT', () => {
  expect(loadConfig(gatewayConfigSchema, foreign)).toMatchObject({ PORT: 4000, SUBGRAPH_URLS: [] });
  expect(faultsOf({ ...foreign, ENTRANCES: 'graph' })).toEqual([
    expect.stringMatching(/^ENTRANCES: is set together with SUPERGRAPH_FILE/),
  ]);
  expect(faultsOf({ ...foreign, SUBGRAPH_URLS: 'reviews' })).toEqual([
    expect.stringMatching(/^SUBGRAPH_URLS: must be pairs/),
  ]);
  const { ACCESS: _, ...guarded } = foreign;
  expect(loadConfig(gatewayConfigSchema, guarded)).toMatchObject({ ACCESS: 'on' });
});

test('another supergraph verifies tokens of the platforms that have keys, for which it needs the issuer', () => {
  const keys = { USER_JWKS_URL: 'https://id.example/user.json' };
  expect(faultsOf({ ...foreign, ...keys })).toEqual([expect.stringMatching(/^ISSUER_URL: is not set/)]);
  const issuer = { ...foreign, ...keys, ISSUER_URL: 'https://id.example' };
  expect(faultsOf(issuer)).toEqual([]);
  expect(verifiedPlatforms(loadConfig(gatewayConfigSchema, issuer))).toEqual(['user']);
  expect(verifiedPlatforms(loadConfig(gatewayConfigSchema, foreign))).toEqual([]);
  expect(faultsOf({ ...issuer, USER_JWKS_URL: 'http://id.example/user.json' })).toEqual([
    expect.stringMatching(/^USER_JWKS_URL: must be https/),
  ]);
});

test('in production, and with its surface, what is off must be confirmed by a second word', () => {
  const confirmed = { ACCESS_OFF_IN_PRODUCTION: 'yes', PROOF_OFF_IN_PRODUCTION: 'yes' };
  for (const env of [{ NODE_ENV: 'production' }, { SURFACE: 'production' }]) {
    expect(faultsOf({ ...foreign, ...env }).map((fault) => fault.split(':')[0])).toEqual(['PROOF', 'ACCESS']);
    expect(faultsOf({ ...foreign, ...env, ...confirmed })).toEqual([]);
    expect(faultsOf({ ...good, ...revocations, ENTRANCES: 'user', ...env, ACCESS: 'off' })).toEqual([
      expect.stringMatching(/^ACCESS: must not be off in production.*ACCESS_OFF_IN_PRODUCTION=yes/),
    ]);
  }
  const issuer = { USER_JWKS_URL: 'https://id.example/user.json', ISSUER_URL: 'https://id.example' };
  const production = { ...foreign, ...confirmed, ...issuer, NODE_ENV: 'production' };
  expect(faultsOf(production)).toEqual([expect.stringMatching(/^REVOCATIONS_DATABASE_URL: is not set/)]);
  expect(faultsOf({ ...production, REVOCATIONS_OFF_IN_PRODUCTION: 'yes' })).toEqual([]);
  const own = { ...good, NODE_ENV: 'production', ENTRANCES: 'user', REVOCATIONS_OFF_IN_PRODUCTION: 'yes' };
  expect(faultsOf(own)).toEqual([expect.stringMatching(/^REVOCATIONS_DATABASE_URL: is not set/)]);
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
