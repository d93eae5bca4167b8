import { type Database, inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import type { Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { addSeconds } from '../dates.ts';
import {
  endImpersonations,
  listLiveImpersonations,
  type OwnImpersonation,
  wasImpersonated,
} from '../impersonations/impersonation.queries.ts';
import type { PlatformBinding, PlatformIssuer, SessionSubject } from '../platform-issuer.ts';
import type { MutationResolvers, QueryResolvers } from '../resolvers.generated.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import {
  endOwnSession,
  endSessionsOf,
  listLiveSessions,
  type OwnSession,
} from '../sessions/session.queries.ts';
import { findTokenOwner } from '../tokens/refresh-token.queries.ts';
import { identifyToken } from '../tokens/refresh-token.ts';

/** `mySessions` and `portalSessions`: the caller's sessions that can still be used. */
export function createListSessions<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<QueryResolvers['mySessions']> {
  return (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    const { accessTokenSeconds, refreshIdleSeconds } = issuer.lifetimes;
    const now = issuer.now();
    const usedSince = addSeconds(now, -Math.max(accessTokenSeconds, refreshIdleSeconds));
    return readInTenant(issuer.db, subject.tenantId, async (trx) => {
      const [sessions, acting] = await Promise.all([
        listLiveSessions(trx, issuer.tables, subject, { now, usedSince }),
        issuer.tables.hasImpersonations ? listLiveImpersonations(trx, subject.accountId, now) : [],
      ]);
      const current = sessions.filter((session) => session.current);
      const others = sessions.filter((session) => !session.current);
      return [...current, ...acting.map(toSession), ...others];
    });
  };
}

function toSession({ id, reason, begunAt, expiresAt }: OwnImpersonation): OwnSession {
  const nowhere = { device: '', address: null, current: false };
  return { ...nowhere, id, kind: 'SUPPORT', reason, createdAt: begunAt, lastUsedAt: begunAt, expiresAt };
}

/**
 * `endSession` and `endPortalSession`: ends one session of the caller, which may be the current one. A cookie of that session
 * is cleared, since its token is dead. A cookie of another session stays.
 *
 * @throws {RefusalError} input.id for somebody else's session as for an unknown one.
 */
export function createEndSession<A extends Account>({
  platform,
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['endSession']> {
  return async (_parent, { id: input }, ctx) => {
    const subject = requireSubject(ctx);
    const issuer = getIssuer();
    const id = readId('id', input);
    const cookie = ctx.cookies.find(platform);
    const ended = await inTenant(issuer.db, subject.tenantId, async (trx) => {
      await lockOwnSession(trx, issuer, subject);
      const isOwn = await endOwnSession(trx, issuer.tables, subject.accountId, { id, now: issuer.now() });
      if (!isOwn)
        return (await endOwnImpersonation(trx, issuer, subject, id)) ? { cookieIsDead: false } : undefined;
      await writeAuditEvent(trx, auditOwn('auth.session.ended', issuer, subject, { session: id }));
      const identity = cookie === undefined ? undefined : identifyToken(cookie);
      const owner = identity && (await findTokenOwner(trx, issuer.tables, identity));
      return { cookieIsDead: owner ? owner.sessionId === id : false };
    });
    if (!ended) {
      throw badInput('id', 'You have no such session.');
    }
    if (ended.cookieIsDead) ctx.cookies.clear(platform);
    return true;
  };
}

/** What ends a session of the caller's also ends a member of staff acting as them. @returns whether there is, or was, such a one. */
async function endOwnImpersonation<A extends Account>(
  trx: Transaction<Database>,
  { tables, now }: PlatformIssuer<A>,
  { accountId }: SessionSubject,
  id: string,
): Promise<boolean> {
  if (!tables.hasImpersonations || !(await wasImpersonated(trx, accountId, id))) return false;
  await endImpersonations(trx, { accountId, id, reason: 'customer', by: accountId, now: now() });
  return true;
}

/** `endOtherSessions` and `endOtherPortalSessions`: ends the caller's sessions except the current one. Returns their number. */
export function createEndOtherSessions<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['endOtherSessions']> {
  return (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    return inTenant(issuer.db, subject.tenantId, async (trx) => {
      await lockOwnSession(trx, issuer, subject);
      const ended = await endSessionsOf(trx, issuer.tables, subject.accountId, {
        reason: 'ended',
        now: issuer.now(),
        except: subject.sessionId,
      });
      await writeAuditEvent(trx, auditOwn('auth.session.others_ended', issuer, subject, { ended }));
      return ended;
    });
  };
}
