import { dateTimeScalar } from '@signet/subgraph';
import { archiveProduct } from './archive-product/archive-product.ts';
import { categories } from './categories/categories.ts';
import { changeProductPrice } from './change-product-price/change-product-price.ts';
import { createCategory } from './create-category/create-category.ts';
import { createProduct } from './create-product/create-product.ts';
import { productResolvers } from './product/product.resolvers.ts';
import { product } from './product/product.ts';
import { productConnectionResolvers, products } from './products/products.ts';
import type { Resolvers } from './resolvers.generated.ts';

export const resolvers: Resolvers = {
  DateTime: dateTimeScalar,
  Query: { product, products, categories },
  Mutation: { createCategory, createProduct, changeProductPrice, archiveProduct },
  Product: productResolvers,
  ProductConnection: productConnectionResolvers,
};
