import { type ConfigError, loadConfig } from '@signet/service';
import { expect, it } from 'vitest';
import { signerConfigSchema } from './signer-config.ts';

const good = {
  SIGNER_ENTRANCE: 'user',
  SIGNER_SECRET: 'x'.repeat(32),
  SUBGRAPH_URLS: 'catalog=http://catalog:4013/graphql, orders=https://orders/graphql?a=b',
  PROOF_KEY_FILE: '/run/key.json',
  PROOF_PEERS_FILE: '/run/peers.json',
};

function faultsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig(signerConfigSchema, { ...good, ...env });
    return [];
  } catch (error) {
    return (error as ConfigError).faults;
  }
}

it('reads the pairs of subgraphs, and listens on loopback unless told otherwise', () => {
  const { SUBGRAPH_URLS, HOST, TRUSTED_PROXIES } = loadConfig(signerConfigSchema, good);
  expect(SUBGRAPH_URLS).toEqual([
    ['catalog', 'http://catalog:4013/graphql'],
    ['orders', 'https://orders/graphql?a=b'],
  ]);
  expect([HOST, TRUSTED_PROXIES]).toEqual(['127.0.0.1', []]);
});

it('names everything that is missing at once, and has no default for any of it', () => {
  expect(faultsOf(Object.fromEntries(Object.keys(good).map((name) => [name, undefined])))).toEqual(
    Object.keys(good).map((name) => `${name}: is not set`),
  );
});

it.each<[string, string, RegExp]>([
  ['SIGNER_ENTRANCE', 'admin', /^SIGNER_ENTRANCE: must be one of graph, user, portal/],
  ['SIGNER_SECRET', 'short', /^SIGNER_SECRET: must be 32 to 200/],
  ['SIGNER_SECRET', `${'x'.repeat(32)} y`, /^SIGNER_SECRET: must be 32 to 200/],
  ['SUBGRAPH_URLS', ',', /^SUBGRAPH_URLS: names no subgraph/],
  ['SUBGRAPH_URLS', 'catalog', /^SUBGRAPH_URLS: must be pairs/],
  ['SUBGRAPH_URLS', 'a/b=http://a', /^SUBGRAPH_URLS: must be pairs/],
  ['SUBGRAPH_URLS', '__proto__=http://a', /^SUBGRAPH_URLS: must be pairs/],
  ['SUBGRAPH_URLS', 'a=ftp://a', /^SUBGRAPH_URLS: must be pairs/],
  ['SUBGRAPH_URLS', 'a=http://user:secret@a', /^SUBGRAPH_URLS: must be pairs/],
  ['SUBGRAPH_URLS', 'a=http://a/#x', /^SUBGRAPH_URLS: must be pairs/],
  ['SUBGRAPH_URLS', 'a=http://a,a=http://b', /^SUBGRAPH_URLS: names a subgraph twice/],
  ['SUBGRAPH_URLS', 'auth-user=http://a', /^SUBGRAPH_URLS: must name both of auth-user, auth-portal/],
  [
    'SUBGRAPH_URLS',
    'auth-user=http://a,auth-portal=http://b,auth=http://c',
    /^SUBGRAPH_URLS: must name both/,
  ],
  ['SUBGRAPH_URLS', 'auth-user=http://a,auth-portal=http://b', /^SUPERGRAPH_FILE: is not set/],
  ['TRUSTED_PROXIES', '10.0.0.1', /^TRUSTED_PROXIES: must be a list of CIDRs/],
  ['REQUEST_TIMEOUT_MS', '0', /^REQUEST_TIMEOUT_MS: must be milliseconds/],
  ['MAX_FETCHES', '0', /^MAX_FETCHES: must be a number/],
])('refuses %s=%j without repeating it', (variable, value, fault) => {
  const faults = faultsOf({ [variable]: value });
  expect(faults).toEqual([expect.stringMatching(fault)]);
  expect(faults.join()).not.toMatch(/short|secret@/);
});
