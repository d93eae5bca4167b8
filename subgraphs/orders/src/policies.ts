import { customerPolicies, idOf, type PolicyTable, requireScope, requireUser } from '@signet/access';
import { type KnownSession, platformOf, type Session, type UserSession } from '@signet/session';
import type { GraphqlContext } from './context.ts';
import type { BriefOrderRow } from './order.queries.ts';
import { viewerTuple } from './order-viewers.ts';

/** The functions that `@policy` rules of this subgraph name. */
export const policies: PolicyTable<GraphqlContext> = {
  'user.self': customerPolicies['user.self'],
  'account.verified': customerPolicies['account.verified'],
  /** Staff, and service accounts of the portal. */
  'order.staff': ({ session }) => isOfPortal(session),
  /** The order that the parent's id names is the caller's. Answers at once for orders that this request has read. */
  'order.owner'({ session, loaders }, parent) {
    const id = idOf(parent);
    if (session.platform !== 'user' || id === undefined) {
      return false;
    }
    const { userId } = session;
    const isOwner = (order: BriefOrderRow | undefined) => order?.user_id === userId;
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
 * Who asks for orders: a customer, also one as whom a member of staff acts; a member of staff; a service account.
 *
 * @throws {RefusalError} without a token or without the scope `orders:read`.
 */
export function requireOrderReader(session: Session): KnownSession {
  const caller =
    session.platform === 'none' || session.platform === 'user'
      ? requireUser(session, { orImpersonated: true })
      : session;
  requireScope(caller, 'orders:read');
  return caller;
}

/** Customers see their own orders, the portal's callers everybody's in their tenant. A service account of customers is nobody's. */
export function canSeeOrdersOf(caller: KnownSession, userId: string): boolean {
  return isOfPortal(caller) || (caller.platform === 'user' && caller.userId === userId);
}

function isOfPortal(session: Session): boolean {
  return session.platform !== 'none' && platformOf(session) === 'portal';
}

/** @throws {RefusalError} for anyone but a customer with the scope; for one as whom a member of staff acts, unless that is asked for. */
export function requireCustomer(
  session: Session,
  scope: 'orders:read' | 'orders:write',
  options?: { orImpersonated: boolean },
): UserSession {
  const user = requireUser(session, options);
  requireScope(user, scope);
  return user;
}
