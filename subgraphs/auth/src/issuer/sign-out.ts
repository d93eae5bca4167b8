import { inTenant } from '@signet/db';
import { RefusalError } from '@signet/service';
import { findTokenOwner } from '../sessions/refresh-token.queries.ts';
import { hashRefreshToken } from '../sessions/refresh-token.ts';
import { endSession } from '../sessions/session.queries.ts';
import type { PlatformIssuer } from './platform-issuer.ts';

type SignOut = {
  tenantId: string;
  /** The access token's session: ends where no refresh token is given … */
  sessionId?: string | undefined;
  /** … else the session of this does. Whoever has it could as well go on using the session. */
  refreshToken?: string | undefined;
  /** Ends both: a browser signs out of all that it holds, whichever of the two is the older. */
  endsBoth: boolean;
};

/**
 * Ends a session. True also when it had ended before: it is over, which is what was asked for.
 *
 * @throws {RefusalError} auth.failure.invalid_credentials for a refresh token that is none, auth.failure.missing_token
 * when nothing names a session.
 */
export async function signOut(
  issuer: Pick<PlatformIssuer, 'db' | 'tables' | 'now'>,
  { tenantId, sessionId, refreshToken, endsBoth }: SignOut,
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
      await endSession(trx, issuer.tables, { id, reason: 'logout', now: issuer.now() });
    }
    return true as const;
  });
}
