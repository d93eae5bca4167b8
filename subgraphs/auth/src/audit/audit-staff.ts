import { requirePortal } from '@signet/access';
import type { AuditEvent } from '@signet/db';
import type { AuditKind } from '@signet/schema/contract';
import type { GraphqlContext } from '../context.ts';

/** A row about what a member of staff did to another. */
export function auditStaff(
  kind: AuditKind,
  { session, tenantId, client }: GraphqlContext,
  subjectId: string,
  details: AuditEvent['details'] = {},
): AuditEvent {
  const { staffId, sessionId } = requirePortal(session);
  return {
    kind,
    platform: 'portal',
    tenantId,
    actorId: staffId,
    subjectId,
    sessionId,
    origin: client,
    details,
  };
}
