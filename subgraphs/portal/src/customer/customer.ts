import { readId } from '@signet/subgraph';
import type { QueryResolvers } from '../resolvers.generated.ts';
import { requireStaff } from '../staff-access.ts';

export const customer: NonNullable<QueryResolvers['customer']> = async (_parent, args, ctx) => {
  requireStaff(ctx.session, 'customers:read');
  return (await ctx.loaders.customer.load(readId('id', args.id))) ?? null;
};
