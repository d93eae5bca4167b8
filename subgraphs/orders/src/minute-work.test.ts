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

it('a statement of the work of every minute may take ten minutes: a large tenant is counted by one', async () => {
  const limits = Promise.withResolvers<object | undefined>();
  const readLimits: HousekeepingJob['prune'] = async (db) => {
    const { rows } = await sql<object>`
      select current_setting('statement_timeout') as statement, current_setting('transaction_timeout') as transaction`.execute(
      db,
    );
    limits.resolve(rows[0]);
    return 0;
  };
  const parts = { name: 'orders' as const, resolvers, policies, settings, createLoaders, personalData };
  // The first turn comes at a random moment of the first minutes.
  const random = vi.spyOn(Math, 'random').mockReturnValue(-0.4999);
  const subgraph = await startTestSubgraph(defineSubgraph({ ...parts, everyMinute: { readLimits } }));
  random.mockRestore();
  try {
    expect(await limits.promise).toEqual({ statement: '10min', transaction: '40min' });
  } finally {
    await subgraph.stop();
  }
});
