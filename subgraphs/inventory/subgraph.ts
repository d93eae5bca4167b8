import { defineSubgraph } from '@signet/subgraph/define';
import { createLoaders } from './src/context.ts';
import { resolvers } from './src/resolvers.ts';

/** How much of each product there is. */
export default defineSubgraph({ name: 'inventory', resolvers, createLoaders });
