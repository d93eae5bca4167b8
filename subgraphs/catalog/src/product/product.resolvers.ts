import { findId } from '@signet/subgraph';
import type { ProductResolvers } from '../resolvers.generated.ts';

/** Fields of Product. Public: who sees which products is decided where a product is found. */
export const productResolvers: ProductResolvers = {
  /** Archived products too: an order shows what was bought. */
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
