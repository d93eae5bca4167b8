import { readId } from '@signet/subgraph';
import type { QueryResolvers } from '../resolvers.generated.ts';

export const product: NonNullable<QueryResolvers['product']> = async (_parent, args, ctx) => {
  const row = await ctx.loaders.product.load(readId('id', args.id));
  const isVisible = row && (row.archived_at === null || ctx.session.platform === 'portal');
  return isVisible ? row : null;
};
