import type { AuditKind, Platform } from '@signet/schema/contract';
import type { Transaction } from 'kysely';
import type { Database } from '../tables.ts';

/** Where a request came from, as far as its process was told. */
export type AuditOrigin = { address?: string | null; requestId?: string | undefined };

export type AuditEvent = {
  kind: AuditKind;
  /** The platform whose process writes it; a role can write for no other. */
  platform: Platform;
  /** Null for what belongs to no tenant: a signing key. */
  tenantId: string | null;
  /** Who did it; left out where nobody is known. */
  actorId?: string | undefined;
  /** Whose account it is about. */
  subjectId?: string | undefined;
  sessionId?: string | undefined;
  origin?: AuditOrigin | undefined;
  /** Words and numbers of ours. Never what a caller typed, and never a token, a password or a hash. */
  details?: Readonly<Record<string, string | number | boolean>> | undefined;
};

/** Longer ids are the caller's invention. */
const maxRequestIdLength = 200;

/** Writes a row in the transaction of what it tells about: both are committed, or neither is. */
export async function writeAuditEvent(trx: Transaction<Database>, event: AuditEvent): Promise<void> {
  const { origin = {}, details = {} } = event;
  await trx
    .insertInto('auth.audit_event')
    .values({
      tenant_id: event.tenantId,
      kind: event.kind,
      platform: event.platform,
      actor_id: event.actorId ?? null,
      subject_id: event.subjectId ?? null,
      session_id: event.sessionId ?? null,
      address: origin.address ?? null,
      request_id: origin.requestId?.slice(0, maxRequestIdLength) ?? null,
      details: JSON.stringify(details),
    })
    .execute();
}
