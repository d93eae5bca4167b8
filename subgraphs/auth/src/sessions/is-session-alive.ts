import type { Account } from '../accounts/account.ts';
import type { SessionRow } from './session.queries.ts';

/** Whether a session may go on. Only certain while the account's row and the session's are locked. */
export function isSessionAlive(session: SessionRow, account: Account, now: Date): boolean {
  return (
    account.isActive &&
    session.endedAt === null &&
    session.expiresAt > now &&
    session.passwordVersion === account.passwordVersion
  );
}
