import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { GatewayConfig } from '../config.ts';
import { createSubgraphReadiness } from './subgraph-readiness.ts';

const subgraph = { status: 200, asked: [] as string[] };
const server = createServer((req, res) => {
  subgraph.asked.push(req.url ?? '');
  res.writeHead(subgraph.status).end('{}');
});
let origin: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  subgraph.status = 200;
  subgraph.asked = [];
});

const ownGraph = (settings: Partial<GatewayConfig> = {}) =>
  ({ AUTH_USER_URL: `${origin}/graphql`, PORTAL_URL: `${origin}/graphql`, ...settings }) as GatewayConfig;

/** What each check that found something says. */
async function findLacks(...args: Parameters<typeof createSubgraphReadiness>) {
  const found = await Promise.all(
    createSubgraphReadiness(...args).map(async ({ name, check, findLack }) => {
      expect(await check()).toBeUndefined();
      return [name, await findLack?.()] as const;
    }),
  );
  return Object.fromEntries(found.filter(([, lack]) => lack !== undefined));
}

test('a gateway lacks each subgraph that is not ready, and serves all the same', async () => {
  expect(await findLacks(ownGraph(), ['user'], () => [])).toEqual({});
  expect(subgraph.asked).toEqual(['/health/ready', '/health/ready']);
  subgraph.status = 503;
  expect(await findLacks(ownGraph(), ['user'], () => [])).toEqual({
    'auth for user': 'is not ready: nobody signs in or refreshes',
    portal: 'is not ready: its fields are missing',
  });
});

test('an entrance asks auth of the platforms that it admits', async () => {
  subgraph.status = 503;
  const config = ownGraph({ AUTH_PORTAL_URL: `${origin}/graphql` });
  expect(Object.keys(await findLacks(config, ['portal'], () => []))).toEqual(['auth for portal', 'portal']);
});

test('nobody who answers at the address is a lack, and so is an open circuit', async () => {
  const gone = ownGraph({ AUTH_USER_URL: 'http://127.0.0.1:1/graphql' });
  expect(Object.keys(await findLacks(gone, ['user'], () => []))).toEqual(['auth for user']);
  const circuits = () => [{ subgraph: 'portal', origin }];
  expect(await findLacks(ownGraph({ AUTH_USER_URL: undefined }), [], circuits)).toEqual({
    portal: 'does not answer: its fields are missing',
  });
});

test("of somebody's own graph the circuits are looked at, and nobody is asked", async () => {
  const config = ownGraph({ SUPERGRAPH_FILE: 'graph.graphql' });
  const circuits = () => [{ subgraph: 'reviews', origin: 'http://reviews:4001' }];
  expect(await findLacks(config, ['user'], circuits)).toEqual({
    subgraphs: 'without an answer, so their fields are missing: reviews',
  });
  expect(subgraph.asked).toEqual([]);
});

test('takes a subgraph of another make, which does not know the path, for one that is ready', async () => {
  subgraph.status = 404;
  expect(await findLacks(ownGraph(), ['user'], () => [])).toEqual({});
});
