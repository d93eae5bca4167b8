import { customerPolicies, idOf, type PolicyTable } from '@signet/access';
import type { GraphqlContext } from './context.ts';
import { viewerTuple } from './order-viewers.ts';

/** What the `@policy` rules of this subgraph name. */
export const policies: PolicyTable<GraphqlContext> = {
  'user.self': customerPolicies['user.self'],
  'order.staff': ({ session }) => session.platform === 'portal',
  /** The owner stands in the row that the order's id names. */
  async 'order.owner'({ session, loaders }, parent) {
    const id = idOf(parent);
    if (session.platform !== 'user' || id === undefined) {
      return false;
    }
    return (await loaders.order.load(id))?.user_id === session.userId;
  },
  /** Shared with by its owner: a relation about the order that the id names. */
  'order.viewer'({ session, relations }, parent) {
    const id = idOf(parent);
    return session.platform === 'user' && id !== undefined
      ? relations.check(viewerTuple(id, session.userId))
      : false;
  },
};
