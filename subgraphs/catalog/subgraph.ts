import { totalCountResolvers } from '@signet/subgraph';
import { defineSubgraph } from '@signet/subgraph/define';
import { categories, createCategory } from './src/categories.ts';
import { createLoaders } from './src/context.ts';
import { archiveProduct, changeProductPrice, createProduct } from './src/manage-products.ts';
import { product, productResolvers } from './src/product.ts';
import { products } from './src/products.ts';
import type { Resolvers } from './src/resolvers.generated.ts';

const resolvers: Resolvers = {
  Query: { product, products, categories },
  Mutation: { createCategory, createProduct, changeProductPrice, archiveProduct },
  Product: productResolvers,
  ProductConnection: totalCountResolvers,
};

/** Products, their categories and prices. */
export default defineSubgraph({ name: 'catalog', resolvers, createLoaders });
