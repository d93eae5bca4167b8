import { inTenant, writeAuditEvent } from '@signet/db';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import { auditOwn } from '../audit/audit-own.ts';
import { addSeconds } from '../issuer/issue-tokens.ts';
import type { PlatformIssuer } from '../issuer/platform-issuer.ts';
import { lockOwnSession } from './lock-own-session.ts';
import {
  endOwnSession,
  endSessionsOf,
  listLiveSessions,
  type OwnSession,
  type SessionOwner,
} from './own-session.queries.ts';
import { findTokenOwner } from './refresh-token.queries.ts';
import { hashRefreshToken } from './refresh-token.ts';
import type { SessionClient } from './session.queries.ts';
import type { SessionCookies } from './session-cookies.ts';

type Issuer = Pick<PlatformIssuer, 'platform' | 'db' | 'tables' | 'lifetimes' | 'now'>;
/** Whoever asks, as the token says. */
export type SessionSubject = SessionOwner & { tenantId: string; client?: SessionClient };

/** The sessions of whoever asks that can still be used. */
export function listSessions(issuer: Issuer, subject: SessionSubject): Promise<OwnSession[]> {
  const { accessTokenSeconds, refreshIdleSeconds } = issuer.lifetimes;
  const now = issuer.now();
  const usedSince = addSeconds(now, -Math.max(accessTokenSeconds, refreshIdleSeconds));
  return inTenant(issuer.db, subject.tenantId, (trx) =>
    listLiveSessions(trx, issuer.tables, subject, { now, usedSince }),
  );
}

/**
 * Ends one session of whoever asks; it may be the current one. A cookie of that session is cleared: the browser is left with no
 * token that is good for nothing. One of another session stays.
 *
 * @throws {RefusalError} input.id for somebody else's session as for none.
 */
export async function endOneSession(
  issuer: Issuer,
  { cookies, ...subject }: SessionSubject & { cookies: SessionCookies },
  input: string,
): Promise<true> {
  const id = readId('id', input);
  const cookie = cookies.find(issuer.platform);
  const ended = await inTenant(issuer.db, subject.tenantId, async (trx) => {
    await lockOwnSession(trx, issuer, subject);
    const isOwn = await endOwnSession(trx, issuer.tables, subject.accountId, { id, now: issuer.now() });
    if (!isOwn) return undefined;
    await writeAuditEvent(trx, auditOwn('auth.session.ended', issuer, subject, { session: id }));
    const hash = cookie && hashRefreshToken(cookie);
    const owner = hash && (await findTokenOwner(trx, issuer.tables, hash));
    return { cookieIsDead: owner ? owner.sessionId === id : false };
  });
  if (!ended) {
    throw badInput('id', 'You have no such session.');
  }
  if (ended.cookieIsDead) cookies.clear(issuer.platform);
  return true;
}

/** Ends every session of whoever asks but the current one. Returns how many there were. */
export function endOtherSessionsOf(issuer: Issuer, subject: SessionSubject): Promise<number> {
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
}
