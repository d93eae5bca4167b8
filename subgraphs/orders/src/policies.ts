import { customerPolicies, idOf, type PolicyTable, requireScope, requireUser } from '@signet/access';
import type { PortalSession, Session, UserSession } from '@signet/session';
import type { GraphqlContext } from './context.ts';
import type { OrderRow } from './order.queries.ts';
import { viewerTuple } from './order-viewers.ts';

/** The functions that `@policy` rules of this subgraph name. */
export const policies: PolicyTable<GraphqlContext> = {
  'user.self': customerPolicies['user.self'],
  'account.verified': customerPolicies['account.verified'],
  'order.staff': ({ session }) => session.platform === 'portal',
  /** The order that the parent's id names is the caller's. Answers at once for orders that this request has read. */
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
  /** The owner of the order that the parent's id names has shared it with the caller. */
  'order.viewer'({ session, relations }, parent) {
    const id = idOf(parent);
    return session.platform === 'user' && id !== undefined
      ? relations.check(viewerTuple(id, session.userId))
      : false;
  },
};

/**
 * The customer or member of staff who asks for orders.
 *
 * @throws {RefusalError} without a token or without the scope `orders:read`.
 */
export function requireOrderReader(session: Session): UserSession | PortalSession {
  const caller = session.platform === 'portal' ? session : requireUser(session);
  requireScope(caller, 'orders:read');
  return caller;
}

/** Customers see their own orders, staff everybody's in their tenant. */
export function canSeeOrdersOf(caller: UserSession | PortalSession, userId: string): boolean {
  return caller.platform === 'portal' || caller.userId === userId;
}

/** @throws {RefusalError} for anyone but a customer with the scope. */
export function requireCustomer(session: Session, scope: 'orders:read' | 'orders:write'): UserSession {
  const user = requireUser(session);
  requireScope(user, scope);
  return user;
}
