import { requirePortal, requireUser } from '@signet/access';
import type { GraphqlContext } from '../context.ts';
import type { SessionSubject } from './own-sessions.ts';

/** @throws {RefusalError} for anyone but a customer. */
export function requireUserSubject({ session, tenantId, client }: GraphqlContext): SessionSubject {
  const { userId, sessionId } = requireUser(session);
  return { tenantId, accountId: userId, sessionId, client };
}

/** @throws {RefusalError} for anyone but staff. */
export function requirePortalSubject({ session, tenantId, client }: GraphqlContext): SessionSubject {
  const { staffId, sessionId } = requirePortal(session);
  return { tenantId, accountId: staffId, sessionId, client };
}
