import type { Database } from '@signet/db';
import { RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import { lockAccountForChange } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../issuer/platform-issuer.ts';
import { isSessionAlive } from './is-session-alive.ts';
import type { SessionOwner } from './own-session.queries.ts';
import { lockSession } from './session.queries.ts';

/**
 * Locks the account and the session of whoever asks, in the order of everyone who ends sessions. A token can outlive its
 * session by the second that a revocation takes; who was thrown out must not use it to throw the others out.
 *
 * @throws {RefusalError} auth.failure.revoked when the session has ended.
 */
export async function lockOwnSession<A extends Account>(
  trx: Transaction<Database>,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  { accountId, sessionId }: SessionOwner,
): Promise<A> {
  const account = await lockAccountForChange(trx, tables, accountId);
  const session = await lockSession(trx, tables, sessionId);
  if (!account || !session || !isSessionAlive(session, account, now())) {
    throw new RefusalError('auth.failure.revoked');
  }
  return account;
}
