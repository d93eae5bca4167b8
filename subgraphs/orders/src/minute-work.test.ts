import type { HousekeepingJob } from '@signet/db';
import { defineSubgraph } from '@signet/subgraph/define';
import { startTestSubgraph } from '@signet/testing';
import { sql } from 'kysely';
import { expect, it, vi } from 'vitest';
import { settings } from '../settings.ts';
import { resolvers } from '../subgraph.ts';
import { createLoaders } from './context.ts';
import { personalData } from './personal-data.ts';
import { policies } from './policies.ts';

type Job = HousekeepingJob['prune'];

/** A subgraph whose work of every minute begins at once. */
async function startWith(job: Job) {
  const parts = { name: 'orders' as const, resolvers, policies, settings, createLoaders, personalData };
  // The first turn comes at a random moment of the first minutes.
  const random = vi.spyOn(Math, 'random').mockReturnValue(-0.4999);
  try {
    return await startTestSubgraph(defineSubgraph({ ...parts, everyMinute: { job } }));
  } finally {
    random.mockRestore();
  }
}

it('a statement of the work of every minute may take ten minutes: a large tenant is counted by one', async () => {
  const limits = Promise.withResolvers<object | undefined>();
  const subgraph = await startWith(async (db) => {
    const { rows } = await sql<object>`
      select current_setting('statement_timeout') as statement, current_setting('transaction_timeout') as transaction`.execute(
      db,
    );
    limits.resolve(rows[0]);
    return 0;
  });
  try {
    expect(await limits.promise).toEqual({ statement: '10min', transaction: '40min' });
  } finally {
    await subgraph.stop();
  }
});

it('a stop does not wait for a statement that takes minutes', async () => {
  const begun = Promise.withResolvers<void>();
  let hasEnded = false;
  const subgraph = await startWith(async (db) => {
    begun.resolve();
    await sql`select pg_sleep(60)`.execute(db).finally(() => {
      hasEnded = true;
    });
    return 0;
  });
  await begun.promise;
  const at = performance.now();
  await subgraph.stop();
  // A process is killed after nine seconds.
  expect(performance.now() - at).toBeLessThan(8000);
  await expect.poll(() => hasEnded).toBe(true);
});
