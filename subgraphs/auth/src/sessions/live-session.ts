import type { Database } from '@signet/db';
import { RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import { lockAccountForChange } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { lockSession, type SessionOwner, type SessionRow } from './session.queries.ts';

/** Whether a session may go on. Only certain while the rows of account and session are locked. */
export function isSessionAlive(session: SessionRow, account: Account, now: Date): boolean {
  return (
    account.isActive &&
    session.endedAt === null &&
    session.expiresAt > now &&
    session.passwordVersion === account.passwordVersion
  );
}

/**
 * Locks the caller's account and session, in the order in which everything that ends sessions locks them. A token can outlive
 * its session by the second that a revocation takes: a session that was ended must not be used to end the others.
 *
 * @throws {RefusalError} auth.failure.revoked when the session has ended.
 */
export async function lockOwnSession<A extends Account>(
  trx: Transaction<Database>,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  { accountId, sessionId }: SessionOwner,
): Promise<{ account: A; session: SessionRow }> {
  const account = await lockAccountForChange(trx, tables, accountId);
  const session = await lockSession(trx, tables, sessionId);
  if (!account || !session || !isSessionAlive(session, account, now())) {
    throw new RefusalError('auth.failure.revoked');
  }
  return { account, session };
}
