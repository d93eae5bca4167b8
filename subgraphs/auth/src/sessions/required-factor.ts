import { type Database, writeAuditEvent } from '@signet/db';
import type { Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { endSession, type SessionClient, type SessionOwner } from './session.queries.ts';

/** Whether a session does not have the second factor that its account's role asks for. A remembered device had it. */
export function lacksFactor<A extends Account>(
  { factors }: Pick<PlatformIssuer<A>, 'factors'>,
  account: A,
  amr: readonly string[],
): boolean {
  return factors.areRequiredOf(account) && !amr.includes('mfa') && !amr.includes('rba');
}

/**
 * Ends a session from before its account's role asked for a second factor: who signs in again proves one, or adds it. The caller refuses
 * after the transaction, which must commit.
 */
export async function endWithoutFactor(
  trx: Transaction<Database>,
  { platform, tables, now }: Pick<PlatformIssuer, 'platform' | 'tables' | 'now'>,
  {
    tenantId,
    client,
    accountId,
    sessionId,
  }: SessionOwner & {
    tenantId: string;
    client?: SessionClient | undefined;
  },
): Promise<void> {
  await endSession(trx, tables, { id: sessionId, reason: 'factor', now: now() });
  const event = { tenantId, client, accountId, sessionId };
  await writeAuditEvent(trx, auditOwn('auth.session.ended', { platform }, event, { reason: 'factor' }));
}
