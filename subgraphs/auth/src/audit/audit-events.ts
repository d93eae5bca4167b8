import { requirePortal } from '@signet/access';
import { type AuditEvent, type AuditOrigin, inTenant, writeAuditEvent } from '@signet/db';
import type { AuditKind } from '@signet/schema/contract';
import type { Account } from '../accounts/account.ts';
import type { GraphqlContext } from '../context.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { SessionClient } from '../sessions/session.queries.ts';

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

type FailedSignIn = {
  tenantId: string;
  client: SessionClient;
  account: Account | undefined;
  /** Whether the password was the account's. */
  isRight: boolean;
};

/**
 * Writes the row of a failed sign-in in a transaction of its own: the sign-in has none to commit. The cause is for the log
 * only, and the caller does not learn it. The row does not hold the e-mail: people type passwords into that field.
 */
export function auditFailedSignIn(
  { db, platform }: Pick<PlatformIssuer, 'db' | 'platform'>,
  { tenantId, client, account, isRight }: FailedSignIn,
): Promise<void> {
  const cause = account === undefined ? 'unknown_account' : isRight ? 'inactive' : 'wrong_password';
  return inTenant(db, tenantId, (trx) =>
    writeAuditEvent(trx, {
      kind: 'auth.login.failure',
      platform,
      tenantId,
      subjectId: account?.id,
      origin: client,
      details: { cause },
    }),
  );
}
