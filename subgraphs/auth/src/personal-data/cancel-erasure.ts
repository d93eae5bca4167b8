import { type Database, writeAuditEvent } from '@signet/db';
import type { Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { listRequests, setRequestState } from './person-request.queries.ts';

type Owner = {
  tenantId: string;
  accountId: string;
  sessionId?: string | undefined;
  client?: SessionClient | undefined;
};

/**
 * Keeps a customer's account that was to be deleted and whose row the transaction has locked (the desk takes that lock first too).
 *
 * @returns whether it was to be deleted. One that is closed already stays so.
 */
export async function cancelErasure<A extends Account>(
  trx: Transaction<Database>,
  issuer: Pick<PlatformIssuer<A>, 'platform'>,
  owner: Owner,
): Promise<boolean> {
  const [latest] = await listRequests(trx, owner.accountId, 'erase', 1);
  if (latest?.state !== 'scheduled') return false;
  await setRequestState(trx, latest.id, { state: 'cancelled' });
  await writeAuditEvent(trx, auditOwn('auth.account.deletion_cancelled', issuer, owner));
  return true;
}
