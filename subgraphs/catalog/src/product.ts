import { platformOf } from '@signet/session';
import { findId, readId } from '@signet/subgraph';
import type { ProductResolvers, QueryResolvers } from './resolvers.generated.ts';

export const product: NonNullable<QueryResolvers['product']> = async (_parent, args, ctx) => {
  const row = await ctx.loaders.product.load(readId('id', args.id));
  const isOfPortal = ctx.session.platform !== 'none' && platformOf(ctx.session) === 'portal';
  const isVisible = row && (row.archived_at === null || isOfPortal);
  return isVisible ? row : null;
};

/** The fields of Product are public. The operations that find products decide who sees which. */
export const productResolvers: ProductResolvers = {
  /** Finds archived products too: an order shows what was bought. */
  async __resolveReference(reference, ctx) {
    const id = findId(reference.id);
    return id ? ((await ctx.loaders.product.load(id)) ?? null) : null;
  },
  category: (row) => ({ id: row.category_id, slug: row.category_slug, name: row.category_name }),
  price: (row) => ({ amount: row.price_amount, currency: row.currency }),
  isArchived: (row) => row.archived_at !== null,
  createdAt: (row) => row.created_at,
  updatedAt: (row) => row.updated_at,
};
