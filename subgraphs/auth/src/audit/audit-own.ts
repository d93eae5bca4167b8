import type { AuditEvent, AuditOrigin } from '@signet/db';
import type { AuditKind } from '@signet/schema/contract';
import type { PlatformIssuer } from '../issuer/platform-issuer.ts';

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
