import { requireCustomer } from '../order-access.ts';
import { createOrderConnection, readOrderPage } from '../order-page.ts';
import type { QueryResolvers } from '../resolvers.generated.ts';

export const myOrders: NonNullable<QueryResolvers['myOrders']> = async (_parent, args, ctx) => {
  const { userId } = requireCustomer(ctx.session, 'orders:read');
  const page = readOrderPage(args);
  return createOrderConnection(await ctx.loaders.ordersOfUser.load({ ownerId: userId, page }), page);
};
