import { inTenant, writeAuditEvent } from '@signet/db';
import { RefusalError } from '@signet/service';
import { auditOwn } from '../audit/audit-own.ts';
import { findTokenOwner } from '../sessions/refresh-token.queries.ts';
import { hashRefreshToken } from '../sessions/refresh-token.ts';
import { endSession, type SessionClient } from '../sessions/session.queries.ts';
import type { PlatformIssuer } from './platform-issuer.ts';

type SignOut = {
  tenantId: string;
  /** The access token's session: ends where no refresh token is given … */
  sessionId?: string | undefined;
  /** … else the session of this does. Whoever has it could as well go on using the session. */
  refreshToken?: string | undefined;
  /** Ends both: a browser signs out of all that it holds, whichever of the two is the older. */
  endsBoth: boolean;
  /** Of the access token's session, and where the request came from: for the audit log. */
  accountId?: string | undefined;
  client?: SessionClient | undefined;
};

/**
 * Ends a session. True also when it had ended before: it is over, which is what was asked for.
 *
 * @throws {RefusalError} auth.failure.invalid_credentials for a refresh token that is none, auth.failure.missing_token
 * when nothing names a session.
 */
export async function signOut(
  issuer: Pick<PlatformIssuer, 'platform' | 'db' | 'tables' | 'now'>,
  { tenantId, sessionId, refreshToken, endsBoth, ...asking }: SignOut,
): Promise<true> {
  return inTenant(issuer.db, tenantId, async (trx) => {
    const hash = refreshToken === undefined ? undefined : hashRefreshToken(refreshToken);
    const owner = hash && (await findTokenOwner(trx, issuer.tables, hash));
    const named = refreshToken === undefined || endsBoth ? [owner?.sessionId, sessionId] : [owner?.sessionId];
    const ids = new Set(named.filter((id) => id !== undefined));
    if (ids.size === 0) {
      throw new RefusalError(
        refreshToken === undefined ? 'auth.failure.missing_token' : 'auth.failure.invalid_credentials',
      );
    }
    // In one order for everybody, so that two never wait for each other.
    for (const id of [...ids].sort()) {
      const isEnded = await endSession(trx, issuer.tables, { id, reason: 'logout', now: issuer.now() });
      const accountId = id === owner?.sessionId ? owner.accountId : asking.accountId;
      const event = { tenantId, accountId, sessionId: id, client: asking.client };
      if (isEnded) await writeAuditEvent(trx, auditOwn('auth.logout', issuer, event));
    }
    return true as const;
  });
}
