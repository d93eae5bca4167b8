import { defineSubgraph } from '@signet/subgraph/define';
import { createLoaders } from './src/context.ts';
import { policies } from './src/policies.ts';
import { resolvers } from './src/resolvers.ts';

/** What customers order, and with whom they share it. */
export default defineSubgraph({
  name: 'orders',
  resolvers,
  policies,
  createLoaders,
  // Keys of a week ago: a client that repeats a request has had its answer long before.
  housekeeping: { idempotencyKeys: 'orders.prune_idempotency_keys' },
});
