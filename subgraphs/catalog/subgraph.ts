import { defineSubgraph } from '@signet/subgraph/define';
import { createLoaders } from './src/context.ts';
import { resolvers } from './src/resolvers.ts';

/** Products, their categories and prices. */
export default defineSubgraph({ name: 'catalog', resolvers, createLoaders });
