import { adjustStock } from './adjust-stock/adjust-stock.ts';
import type { Resolvers } from './resolvers.generated.ts';
import { productResolvers, stockResolvers } from './stock/stock.ts';

export const resolvers: Resolvers = {
  Mutation: { adjustStock },
  Product: productResolvers,
  Stock: stockResolvers,
};
