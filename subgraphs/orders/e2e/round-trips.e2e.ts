import { join } from 'node:path';
import { startEmbeddedPostgres } from '@signet/db/embedded';
import { type FaultyPath, type GraphqlAnswer, openFaultyPath } from '@signet/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createHome,
  findFreePortBase,
  startTestPlatform,
  type TestPlatform,
} from '../../../launcher/src/platform.test-support.ts';

// Pages of the shop over a slow way to PostgreSQL. What the database and the processes need is little beside a round trip, so the time
// that a page takes says how many of them were made one after the other.

/** So long that a machine with other work seldom takes one more. */
const roundTripMs = 600;
let path: FaultyPath;
let platform: TestPlatform;
let customer: string;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const home = await createHome();
  stops.push(() => home.remove());
  const port = (await findFreePortBase()) + 20;
  const server = await startEmbeddedPostgres({ dataDir: join(home.path, 'postgres'), port, durable: false });
  stops.push(() => server.stop());
  path = await openFaultyPath(server.adminUrl);
  stops.push(() => path.close());
  platform = await startTestPlatform({ DATABASE_URL: path.urlOf(server.adminUrl), SEED: 'development' });
  stops.push(() => platform.stop());
  customer = await platform.signIn('user', 'ada@example.com');
});
afterAll(async () => {
  path.fault = 'none';
  for (const stop of stops.reverse()) await stop();
});

/** The least of up to five tries, since a busy machine only adds to the time; the first one that is not above `most` is enough. */
async function countRoundTrips(query: string, most: number, token: string): Promise<number> {
  const ask = () => platform.ask(query, { token, entrance: 'user' });
  // The operation is planned, connections are open, statements are parsed.
  await ask();
  await ask();
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 5 && least > most; tries += 1) least = Math.min(least, await countOnce(ask));
  return least;
}

async function countOnce(ask: () => Promise<GraphqlAnswer>): Promise<number> {
  path.fault = { delayMs: roundTripMs / 2 };
  const startedAt = performance.now();
  const { body } = await ask();
  const ms = performance.now() - startedAt;
  path.fault = 'none';
  expect(body.errors).toBeUndefined();
  return Math.floor(ms / roundTripMs);
}

test.each([
  {
    page: 'a page of products with category and stock',
    query:
      '{ products(first: 20) { edges { node { name category { name } stock { available } } } pageInfo { hasNextPage } } }',
    most: 2,
  },
  {
    page: 'a page of a category, with the number of its products',
    query:
      '{ categories { slug name } products(first: 20, filter: { category: "kitchen" }) { totalCount edges { node { name stock { available } } } } }',
    most: 3,
  },
  {
    page: 'a page of orders with products and stock',
    query:
      '{ myOrders(first: 3) { edges { node { id total { amount } items { quantity product { name stock { available } } } } } } }',
    most: 2,
  },
  { page: 'the account', query: '{ me { id email } }', most: 1 },
])('$page takes at most $most round trips to the database', async ({ query, most }) => {
  const count = await countRoundTrips(query, most, customer);
  expect(count).toBeGreaterThan(0);
  expect(count).toBeLessThanOrEqual(most);
});
