import { inTenant, writeAuditEvent } from '@signet/db';
import { RefusalError } from '@signet/service';
import { type ImpersonatedSession, isImpersonated } from '@signet/session';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import type { GraphqlContext } from '../context.ts';
import { endImpersonations } from '../impersonations/impersonation.queries.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { endSession, type SessionClient } from '../sessions/session.queries.ts';
import { findTokenOwner } from '../tokens/refresh-token.queries.ts';
import { identifyToken } from '../tokens/refresh-token.ts';
import { findRefreshToken } from '../tokens/refresh-token-cookie.ts';

type SignOut = {
  tenantId: string;
  /** The access token's session: ends where no refresh token is given. */
  sessionId: string | undefined;
  /** Its session ends. Its holder could as well go on using the session. */
  refreshToken: string | undefined;
  /** Ends both sessions: a browser signs out of everything that it holds, whichever of the two is older. */
  endsBoth: boolean;
  /** The access token's account and the request's client, for the audit log. */
  accountId: string | undefined;
  client: SessionClient;
};

/**
 * `logout` and `portalLogout`. A refresh token alone is enough: at sign-out the access token has often expired. A token of
 * the other platform is refused, and so is a request without any token.
 */
export function createSignOut<A extends Account>({
  platform,
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['logout']> {
  return async (_parent, { input }, ctx) => {
    const issuer = getIssuer();
    const { client, cookies, session, tenantId } = ctx;
    const refreshToken = findRefreshToken(cookies, platform, input);
    if (platform === 'user' && isImpersonated(session)) return endActing(issuer, ctx, session, refreshToken);
    const isAnonymous = session.platform === 'none';
    const bearer = refreshToken && isAnonymous ? undefined : requireSubject(ctx);
    const isEnded = await signOut(issuer, {
      tenantId,
      sessionId: bearer?.sessionId,
      accountId: bearer?.accountId,
      refreshToken,
      endsBoth: cookies.areAsked,
      client,
    });
    // Only now: where the database cannot be asked the session lives, and a browser without its cookie could not try again.
    if (cookies.areAsked) cookies.clear(platform);
    if (!isEnded) {
      throw new RefusalError(
        refreshToken === undefined ? 'auth.failure.missing_token' : 'auth.failure.invalid_credentials',
      );
    }
    return true;
  };
}

/** Who acts as a customer stops: the customer's own sessions go on, and none of their tokens is looked at. */
async function endActing(
  { db, now }: Pick<PlatformIssuer, 'db' | 'now'>,
  { tenantId }: GraphqlContext,
  { userId: accountId, sessionId: id }: ImpersonatedSession,
  refreshToken: string | undefined,
): Promise<true> {
  if (refreshToken !== undefined || id === undefined) throw new RefusalError('authz.caller.deny');
  await inTenant(db, tenantId, (trx) =>
    endImpersonations(trx, { accountId, id, reason: 'logout', now: now() }),
  );
  return true;
}

/** Ends a session. True also when it had ended before; false where nothing names a session that there is or was. */
async function signOut(
  issuer: Pick<PlatformIssuer, 'platform' | 'db' | 'tables' | 'now'>,
  { tenantId, sessionId, refreshToken, endsBoth, ...asking }: SignOut,
): Promise<boolean> {
  return inTenant(issuer.db, tenantId, async (trx) => {
    const identity = refreshToken === undefined ? undefined : identifyToken(refreshToken);
    const owner = identity && (await findTokenOwner(trx, issuer.tables, identity));
    const named = refreshToken === undefined || endsBoth ? [owner?.sessionId, sessionId] : [owner?.sessionId];
    const ids = new Set(named.filter((id) => id !== undefined));
    // Always in the same order, so that two sign-outs never deadlock.
    for (const id of [...ids].sort()) {
      const isEnded = await endSession(trx, issuer.tables, { id, reason: 'logout', now: issuer.now() });
      const accountId = id === owner?.sessionId ? owner.accountId : asking.accountId;
      const event = { tenantId, accountId, sessionId: id, client: asking.client };
      if (isEnded) await writeAuditEvent(trx, auditOwn('auth.logout', issuer, event));
    }
    return ids.size > 0;
  });
}
