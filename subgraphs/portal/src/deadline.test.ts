import { startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import definition from '../subgraph.ts';

let portal: TestSubgraph;
beforeAll(async () => {
  portal = await startTestSubgraph(definition);
});
afterAll(() => portal.stop());

test('gives a statement up when the gateway waits no longer, and answers service.unavailable', async () => {
  const staff = await portal.addStaff('super_admin');
  const locked = portal.database.query('begin; lock table auth.user; select pg_sleep(3); commit');
  await expect
    .poll(async () => {
      const [row] = await portal.database.query(
        `select count(*)::int from pg_locks where relation = 'auth.user'::regclass and granted and mode = 'AccessExclusiveLock'`,
      );
      return row.count;
    })
    .toBe(1);
  const startedAt = performance.now();
  const { body } = await portal.ask('{ customers { edges { node { id } } } }', {}, staff, {
    timeoutMs: 400,
  });
  expect(body.errors?.[0]?.extensions.reason).toBe('service.unavailable');
  // Without the limit it would wait for the lock.
  expect(performance.now() - startedAt).toBeLessThan(2500);
  await locked;
});
