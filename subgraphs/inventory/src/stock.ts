import { requirePortalOrService } from '@signet/access';
import { findId } from '@signet/subgraph';
import type { ProductResolvers, StockResolvers } from './resolvers.generated.ts';

export const productResolvers: ProductResolvers = {
  /** The catalog knows which products exist: one without a row here has no stock. Nothing but the id comes from the reference. */
  async __resolveReference(reference, ctx) {
    const id = findId(reference.id);
    return id ? { id, stock: await ctx.loaders.stock.load(id) } : null;
  },
};

export const stockResolvers: StockResolvers = {
  available: (row) => row.on_hand - row.reserved,
  inStock: (row) => row.on_hand > row.reserved,
  onHand(row, _args, ctx) {
    requirePortalOrService(ctx.session);
    return row.on_hand;
  },
  reserved(row, _args, ctx) {
    requirePortalOrService(ctx.session);
    return row.reserved;
  },
};
