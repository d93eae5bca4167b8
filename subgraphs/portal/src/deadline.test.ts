import { startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { withClient } from '@signet/testing/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import definition from '../subgraph.ts';

let portal: TestSubgraph;
beforeAll(async () => {
  portal = await startTestSubgraph(definition);
});
afterAll(() => portal.stop());

test('gives a statement up when the gateway waits no longer, and answers service.unavailable', async () => {
  const staff = await portal.addStaff('super_admin');
  await withClient(portal.database.adminUrl, async (holder) => {
    await holder.query('begin');
    await holder.query('lock table auth.user');
    const startedAt = performance.now();
    const { body } = await portal.ask('{ customers { edges { node { id } } } }', {}, staff, {
      timeoutMs: 400,
    });
    expect(body.errors?.[0]?.extensions.reason).toBe('service.unavailable');
    const findWaiting = () =>
      portal.database.query(
        `select query from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
    await expect.poll(findWaiting).toEqual([]);
    // Without the gateway's limit it would wait for the lock as long as a statement may, which is five seconds.
    expect(performance.now() - startedAt).toBeLessThan(4500);
    await holder.query('rollback');
  });
});
