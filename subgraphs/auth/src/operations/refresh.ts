import { type Database, inTenant, writeAuditEvent } from '@signet/db';
import { RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import { lockAccount } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { addSeconds } from '../dates.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { isSessionAlive } from '../sessions/live-session.ts';
import { paceRefresh } from '../sessions/refresh-pace.ts';
import { endWithoutFactor, lacksFactor } from '../sessions/required-factor.ts';
import {
  endSession,
  lockSession,
  type SessionClient,
  type SessionOwner,
  type SessionRow,
  touchSession,
} from '../sessions/session.queries.ts';
import { createSessionToken, type IssuedTokens, issueTokens } from '../tokens/issue-tokens.ts';
import {
  exchangeRefreshToken,
  findStoredToken,
  findTokenOwner,
  type NewRefreshToken,
  type StoredToken,
} from '../tokens/refresh-token.queries.ts';
import {
  exchangeIntervalSeconds,
  identifyToken,
  openSuccessor,
  sealSuccessor,
  type TokenIdentity,
} from '../tokens/refresh-token.ts';
import { deliverTokens, readRefreshToken } from '../tokens/refresh-token-cookie.ts';

type Refresh = { tenantId: string; token: string; inCookie: boolean; client: SessionClient };
type Presented = Refresh & { identity: TokenIdentity };
type CurrentToken = Pick<NewRefreshToken, 'token' | 'expiresAt'>;
/** `isCookieDead`: the browser has no other one. A cookie that was replaced, or is unknown, may have been followed by one that is good. */
type Refusal = { refusal: RefusalError; isCookieDead: boolean };
type Outcome = IssuedTokens | Refusal;

/** `refresh` and `portalRefresh`. */
export function createRefresh<A extends Account>({
  platform,
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['refresh']> {
  return async (_parent, { input }, { client, cookies, tenantId }) => {
    const token = readRefreshToken(cookies, platform, input);
    const outcome = await refreshSession(getIssuer(), {
      tenantId,
      token,
      inCookie: cookies.areAsked,
      client,
    });
    if (!('refusal' in outcome)) return deliverTokens(cookies, platform, outcome);
    if (cookies.areAsked && outcome.isCookieDead) cookies.clear(platform);
    throw outcome.refusal;
  };
}

/**
 * Exchanges a refresh token for its successor. A refusal is returned from the transaction, not thrown in it: the end of
 * a session whose token was used twice must be committed.
 *
 * @returns what to answer, or auth.failure.invalid_credentials for an unknown token, auth.failure.revoked for a session that is
 * over, auth.throttled for one that refreshes too often.
 */
async function refreshSession<A extends Account>(
  issuer: PlatformIssuer<A>,
  refresh: Refresh,
): Promise<Outcome> {
  const identity = identifyToken(refresh.token);
  if (!identity) return unknown();
  return inTenant(issuer.db, refresh.tenantId, (trx) => exchange(trx, issuer, { ...refresh, identity }));
}

/** Locks account, session, token in this order, as everything that ends sessions does. */
async function exchange<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  presented: Presented,
): Promise<Outcome> {
  const { tables } = issuer;
  const owner = await findTokenOwner(trx, tables, presented.identity);
  if (!owner) return unknown();
  const account = await lockAccount(trx, tables, owner.accountId);
  const session = await lockSession(trx, tables, owner.sessionId);
  const now = issuer.now();
  if (!account || !session || !isSessionAlive(session, account, now)) {
    return revoked({ isCookieDead: session?.endReason !== 'replaced' });
  }
  if (lacksFactor(issuer, account, session.amr)) {
    await endWithoutFactor(trx, issuer, { ...presented, ...owner });
    return revoked();
  }
  const stored = await findStoredToken(trx, tables, presented.identity);
  if (!stored) return unknown(); // A change of password came between.
  if (wasSuccessorUsed(stored)) return endReused(trx, issuer, owner, presented);
  // Its row is gone, and nobody has used its successor. From here on the row is that of the token itself.
  if (!stored.isExact) return revoked();
  const pace = paceRefresh(session.refreshPacedAt, now);
  if (pace.waitSeconds !== undefined) {
    const refusal = new RefusalError('auth.throttled', { retryAfterSeconds: pace.waitSeconds });
    return { refusal, isCookieDead: false };
  }
  const current = await findOrMakeCurrent(trx, issuer, session, { presented, stored });
  if (!current) return revoked();
  await touchSession(trx, tables, { id: session.id, now, refreshPacedAt: pace.pacedAt });
  return issueTokens(issuer, { account, tenantId: presented.tenantId, session }, current);
}

/**
 * The token that the client should hold: the presented one for a while after the session's latest exchange, else its
 * successor. A used token gives its successor again for as long as that lives unused, since the answer may have been lost.
 * Undefined where it has expired.
 */
async function findOrMakeCurrent(
  trx: Transaction<Database>,
  issuer: Pick<PlatformIssuer, 'tables' | 'lifetimes' | 'now'>,
  session: SessionRow,
  {
    presented: { token, identity, tenantId, inCookie },
    stored,
  }: { presented: Presented; stored: StoredToken },
): Promise<CurrentToken | undefined> {
  const now = issuer.now();
  if (stored.sealedSuccessor) {
    const successor = openSuccessor(stored.sealedSuccessor, token);
    const live = await findStoredToken(trx, issuer.tables, identifyToken(successor) as TokenIdentity);
    return live?.isExact && live.expiresAt > now
      ? { token: successor, expiresAt: live.expiresAt }
      : undefined;
  }
  if (stored.expiresAt <= now) return undefined;
  const { exchangedAt, expiresAt } = stored;
  if (exchangedAt && addSeconds(exchangedAt, exchangeIntervalSeconds) >= now) return { token, expiresAt };
  const successor = createSessionToken(issuer, session, { inCookie, predecessor: token });
  const sealed = sealSuccessor(successor.token, token);
  const exchanging = { hash: identity.hash, now, sealed, successor };
  const isExchanged = await exchangeRefreshToken(
    trx,
    issuer.tables,
    { tenantId, id: session.id },
    exchanging,
  );
  return isExchanged ? successor : undefined;
}

/** Where only the family is known, an exchange that is stored is one of a later token. */
function wasSuccessorUsed({ isExact, exchangedAt, usedAt, sealedSuccessor }: StoredToken): boolean {
  return isExact ? usedAt !== null && sealedSuccessor === null : exchangedAt !== null;
}

/**
 * A token comes back whose successor was used: two parties hold it, and nothing tells which of them is honest. The session
 * ends (RFC 9700, section 4.14.2).
 */
async function endReused(
  trx: Transaction<Database>,
  { platform, tables, now }: Pick<PlatformIssuer, 'platform' | 'tables' | 'now'>,
  owner: SessionOwner,
  { tenantId, client }: Presented,
): Promise<Refusal> {
  await endSession(trx, tables, { id: owner.sessionId, reason: 'reuse', now: now() });
  await writeAuditEvent(trx, auditOwn('auth.refresh.reuse', { platform }, { tenantId, client, ...owner }));
  return revoked();
}

function unknown(): Refusal {
  return { refusal: new RefusalError('auth.failure.invalid_credentials'), isCookieDead: false };
}

function revoked({ isCookieDead } = { isCookieDead: true }): Refusal {
  return { refusal: new RefusalError('auth.failure.revoked'), isCookieDead };
}
