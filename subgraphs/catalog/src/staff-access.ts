import { requirePortal, requireScope } from '@signet/access';
import type { PortalSession, Session } from '@signet/session';

/** @throws {RefusalError} for anyone but staff who may change the catalog. */
export function requireCatalogStaff(session: Session): PortalSession {
  const staff = requirePortal(session);
  requireScope(staff, 'catalog:write');
  return staff;
}
