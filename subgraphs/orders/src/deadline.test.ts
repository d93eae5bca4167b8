import { startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import definition from '../subgraph.ts';

let orders: TestSubgraph;
beforeAll(async () => {
  orders = await startTestSubgraph(definition);
});
afterAll(() => orders.stop());

test('gives a statement up when the gateway waits no longer, and answers that it could not', async () => {
  const customer = await orders.addCustomer();
  const locked = orders.database.query('begin; lock table orders.order; select pg_sleep(3); commit');
  await expect
    .poll(async () => {
      const [row] = await orders.database.query(
        `select count(*)::int from pg_locks where relation = 'orders.order'::regclass and granted and mode = 'AccessExclusiveLock'`,
      );
      return row.count;
    })
    .toBe(1);
  const startedAt = performance.now();
  const { body } = await orders.ask('{ myOrders { edges { node { id } } } }', {}, customer, {
    timeoutMs: 400,
  });
  expect(body.errors?.[0]?.extensions.reason).toBe('service.unavailable');
  // Without the limit it would wait for the lock.
  expect(performance.now() - startedAt).toBeLessThan(2500);
  await locked;
});
