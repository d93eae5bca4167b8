import { readId } from '@signet/subgraph';
import type { GraphqlContext } from '../context.ts';
import type { OrderRow } from '../order.queries.ts';
import { canSeeOrdersOf, requireOrderReader } from '../order-access.ts';
import { viewerTuple } from '../order-viewers.ts';
import type { QueryResolvers } from '../resolvers.generated.ts';

export const order: NonNullable<QueryResolvers['order']> = (_parent, args, ctx) =>
  findVisibleOrder(ctx, readId('id', args.id));

/** Null for somebody else's order as for none: ids can't be tried out. The caller is judged before anything is read. */
export async function findVisibleOrder(ctx: GraphqlContext, id: string): Promise<OrderRow | null> {
  const caller = requireOrderReader(ctx.session);
  const row = await ctx.loaders.order.load(id);
  if (!row) return null;
  if (canSeeOrdersOf(caller, row.user_id)) return row;
  return caller.platform === 'user' && (await ctx.relations.check(viewerTuple(row.id, caller.userId)))
    ? row
    : null;
}
