import { findId } from '@signet/subgraph';
import { canSeeOrdersOf, requireOrderReader } from '../order-access.ts';
import { createOrderConnection, readOrderPage } from '../order-page.ts';
import type { UserResolvers } from '../resolvers.generated.ts';

export const userResolvers: UserResolvers = {
  /**
   * Accounts are auth's: this subgraph can't read them, and needs no more than the id of somebody whose orders the
   * caller may see. A customer gets nobody but themselves, whatever the representation says.
   */
  __resolveReference(reference, ctx) {
    const caller = requireOrderReader(ctx.session);
    const id = findId(reference.id);
    return id && canSeeOrdersOf(caller, id) ? { id } : null;
  },
  async orders(user, args, ctx) {
    const page = readOrderPage(args);
    return createOrderConnection(await ctx.loaders.ordersOfUser.load({ ownerId: user.id, page }), page);
  },
};
