import { requirePortal } from '@signet/access';
import { type Database, inTenant } from '@signet/db';
import type { Scope } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import type { PortalSession } from '@signet/session';
import { sql, type Transaction } from 'kysely';
import type { GraphqlContext } from './context.ts';

/**
 * Runs what staff change in one transaction, while the rows of the member's account and session are locked. A token can outlive its
 * session by the second that a revocation takes: somebody who was deactivated or demoted a moment ago changes nothing
 * (docs/decisions/0008-account-administration.md).
 *
 * @throws {RefusalError} for anyone but staff with the scope; auth.failure.revoked for a session that is over.
 */
export function inStaffTransaction<T>(
  { session, db, tenantId }: GraphqlContext,
  scope: Scope,
  fn: (trx: Transaction<Database>, staff: PortalSession) => Promise<T>,
): Promise<T> {
  const staff = requirePortal(session, scope);
  return inTenant(db, tenantId, async (trx) => {
    await lockStaffSession(trx, staff);
    return fn(trx, staff);
  });
}

/** The function that auth publishes to this process, which may read neither accounts of staff nor sessions. */
async function lockStaffSession(
  trx: Transaction<Database>,
  { staffId, sessionId }: PortalSession,
): Promise<void> {
  const { rows } = await sql<{ isLive: boolean }>`
    select auth.lock_staff_session(${staffId}, ${sessionId}) as "isLive"
  `.execute(trx);
  if (rows[0]?.isLive !== true) throw new RefusalError('auth.failure.revoked');
}
