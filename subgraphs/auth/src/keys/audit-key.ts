import type { AuditEvent } from '@signet/db';
import type { AuditKind, Platform } from '@signet/schema/contract';

/** A row about a signing key. It belongs to no tenant, and whoever did it (an interval, an operator) has no account. */
export function auditKey(kind: AuditKind, platform: Platform, kid: string): AuditEvent {
  return { kind, platform, tenantId: null, details: { kid } };
}
