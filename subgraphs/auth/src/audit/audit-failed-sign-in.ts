import { inTenant, writeAuditEvent } from '@signet/db';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../issuer/platform-issuer.ts';
import type { SessionClient } from '../sessions/session.queries.ts';

type FailedSignIn = {
  tenantId: string;
  client: SessionClient;
  account: Account | undefined;
  /** Whether the password was the account's. */
  isRight: boolean;
};

/**
 * A row of its own transaction: that of the sign-in has none to commit. Why, is for the log; the caller is told nothing of it.
 * The e-mail is not in it: people type passwords into that field.
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
