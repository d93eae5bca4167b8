import { keepTally } from '@signet/db';
import { defineSubgraph } from '@signet/subgraph/define';
import { adjustStock } from './src/adjust-stock.ts';
import { createLoaders } from './src/context.ts';
import { dashboardResolvers } from './src/product-counts.ts';
import type { Resolvers } from './src/resolvers.generated.ts';
import { stockTally } from './src/stock.queries.ts';
import { productResolvers, stockResolvers } from './src/stock.ts';

const resolvers: Resolvers = {
  Mutation: { adjustStock },
  Product: productResolvers,
  Stock: stockResolvers,
  Dashboard: dashboardResolvers,
};

/** How much of each product there is. */
export default defineSubgraph({
  name: 'inventory',
  resolvers,
  createLoaders,
  everyMinute: { countedTenants: keepTally(stockTally) },
  housekeeping: { idempotencyKeys: 'inventory.prune_idempotency_keys' },
});
