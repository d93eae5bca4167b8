import { inTenant } from '@signet/db';
import { RefusalError } from '@signet/service';
import { findTokenOwner } from '../sessions/refresh-token.queries.ts';
import { hashRefreshToken } from '../sessions/refresh-token.ts';
import { endSession } from '../sessions/session.queries.ts';
import type { PlatformIssuer } from './platform-issuer.ts';

type SignOut = {
  tenantId: string;
  /** The session to end … */
  sessionId?: string | undefined;
  /** … unless this names it. Whoever has it could as well go on using the session. */
  refreshToken?: string | null | undefined;
};

/**
 * Ends a session. True also when it had ended before: it is over, which is what was asked for.
 *
 * @throws {RefusalError} auth.failure.invalid_credentials for a refresh token that is none, auth.failure.missing_token
 * when nothing names a session.
 */
export async function signOut(
  issuer: Pick<PlatformIssuer, 'db' | 'tables' | 'now'>,
  { tenantId, sessionId, refreshToken }: SignOut,
): Promise<true> {
  return inTenant(issuer.db, tenantId, async (trx) => {
    const id = refreshToken ? await getSessionId(refreshToken) : sessionId;
    if (id === undefined) {
      throw new RefusalError('auth.failure.missing_token');
    }
    await endSession(trx, issuer.tables, { id, reason: 'logout', now: issuer.now() });
    return true as const;

    async function getSessionId(token: string): Promise<string> {
      const hash = hashRefreshToken(token);
      const owner = hash && (await findTokenOwner(trx, issuer.tables, hash));
      if (!owner) {
        throw new RefusalError('auth.failure.invalid_credentials');
      }
      return owner.sessionId;
    }
  });
}
