import { requirePortal, requireScope } from '@signet/access';
import type { Scope } from '@signet/schema/contract';
import type { PortalSession, Session } from '@signet/session';

/** @throws {RefusalError} for anyone but staff with the scope. */
export function requireStaff(session: Session, scope: Scope): PortalSession {
  const staff = requirePortal(session);
  requireScope(staff, scope);
  return staff;
}
