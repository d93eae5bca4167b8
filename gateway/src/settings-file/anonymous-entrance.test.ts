import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createTestProofKeys, postGraphql, reasonsOf } from '@signet/testing';
import { calculateJwkThumbprint } from 'jose';
import { afterAll, expect, test } from 'vitest';
import { openFollowedGateway } from './follow.test-support.ts';

const { graph, base, start } = openFollowedGateway();
const keys = createTestProofKeys(['catalog', 'reviews']);
afterAll(() => keys.remove());

/** An entrance that admits no platform, since there is no issuer, with the proof keys of a kind of entrance. */
function withoutIssuers(kind: 'graph' | 'user' | 'portal') {
  const { PROOF_KEY_FILE, PROOF_PEERS_FILE } = keys.environmentOf(`gateway-${kind}`);
  const keyFile = PROOF_KEY_FILE;
  const folder = dirname(graph.path);
  const their = readFileSync(join(folder, 'their.graphql'), 'utf8');
  // Names as keys have them.
  const named = their.replace('"Product-Catalog"', '"catalog"').replace('"reviews_v2"', '"reviews"');
  writeFileSync(join(folder, 'named.graphql'), named);
  const text = base(`defaultAccess: public\nproofPeersFile: ${PROOF_PEERS_FILE}`)
    .replace('their.graphql', 'named.graphql')
    .replace('Product-Catalog', 'catalog')
    .replace('proof: off', 'proof: on')
    .replace('port: 0', `port: 0, proofKeyFile: ${keyFile}`);
  return { text, keyFile };
}

test('an entrance without a platform signs as gateway-graph: subgraphs see an anonymous caller of the entrance graph', async () => {
  const { text, keyFile } = withoutIssuers('graph');
  const { ask } = await start(text);
  expect((await ask('{ whoServes }')).body.data).toEqual({ whoServes: 'first' });
  const [headers] = graph.catalog.fetches.splice(0);
  expect(headers?.['signet-context']).toMatch(/entrance="graph".*auth=\?0,/);
  expect(headers?.authorization).toBeUndefined();
  const [key] = JSON.parse(readFileSync(keyFile, 'utf8')).keys;
  const { kty, crv, x } = key;
  const sender = await calculateJwkThumbprint({ kty, crv, x });
  expect(headers?.['signature-input']).toContain(`keyid="${sender}.`);
});

test('it sends nobody on who has a token, or anything that looks like one', async () => {
  const { url } = await start(withoutIssuers('graph').text);
  graph.catalog.fetches.splice(0);
  const unsigned = [{ alg: 'none' }, { iss: 'https://one.example', sub: 'root' }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  for (const token of ['x', `${unsigned}.`]) {
    const answer = await postGraphql(`${url}/graphql`, { query: '{ whoServes }' }, { token });
    expect(answer.status).toBe(401);
    expect(reasonsOf(answer).join()).toMatch(/^auth\.failure\./);
  }
  expect(graph.catalog.fetches).toEqual([]);
});

test.each(['user', 'portal'] as const)('it does not start with the key of gateway-%s', async (kind) => {
  await expect(start(withoutIssuers(kind).text)).rejects.toThrow(/gateway-graph/);
});
