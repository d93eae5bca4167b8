import { requirePortal, requireScope, requireUser } from '@signet/access';
import type { PortalSession, Session, UserSession } from '@signet/session';

/**
 * Somebody who may see orders: their own, or as staff everybody's.
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

/** @throws {RefusalError} for anyone but staff with the scope. */
export function requireOrderStaff(session: Session, scope: 'orders:read' | 'orders:ship'): PortalSession {
  const staff = requirePortal(session);
  requireScope(staff, scope);
  return staff;
}
