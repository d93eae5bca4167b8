import { customerPolicies, idOf, type PolicyTable } from '@signet/access';
import type { GraphqlContext } from './context.ts';
import type { OrderRow } from './order.queries.ts';
import { viewerTuple } from './order-viewers.ts';

/** What the `@policy` rules of this subgraph name. */
export const policies: PolicyTable<GraphqlContext> = {
  'user.self': customerPolicies['user.self'],
  'order.staff': ({ session }) => session.platform === 'portal',
  /** The owner stands in the row that the order's id names. Answers at once for the orders of a page, which are read. */
  'order.owner'({ session, loaders }, parent) {
    const id = idOf(parent);
    if (session.platform !== 'user' || id === undefined) {
      return false;
    }
    const { userId } = session;
    const isOwner = (order: OrderRow | undefined) => order?.user_id === userId;
    const known = loaders.knownOrders.get(id);
    return known ? isOwner(known) : loaders.order.load(id).then(isOwner);
  },
  /** Shared with by its owner: a relation about the order that the id names. */
  'order.viewer'({ session, relations }, parent) {
    const id = idOf(parent);
    return session.platform === 'user' && id !== undefined
      ? relations.check(viewerTuple(id, session.userId))
      : false;
  },
};
