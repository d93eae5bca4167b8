import { requirePortal } from '@signet/access';
import type { AuditEvent, AuditOrigin } from '@signet/db';
import type { AuditKind } from '@signet/schema/contract';
import type { GraphqlContext } from '../context.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';

type Subject = {
  tenantId: string;
  accountId?: string | undefined;
  sessionId?: string | undefined;
  client?: AuditOrigin | undefined;
};

/** A row about what somebody did to their own account. */
export function auditOwn(
  kind: AuditKind,
  { platform }: Pick<PlatformIssuer, 'platform'>,
  { tenantId, accountId, sessionId, client }: Subject,
  details: AuditEvent['details'] = {},
): AuditEvent {
  return {
    kind,
    platform,
    tenantId,
    actorId: accountId,
    subjectId: accountId,
    sessionId,
    origin: client,
    details,
  };
}

/** A row about what a member of staff did to another, or to nobody who has an account yet. */
export function auditStaff(
  kind: AuditKind,
  { session, tenantId, client }: GraphqlContext,
  subjectId: string | undefined,
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
