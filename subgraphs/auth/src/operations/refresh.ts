import { type Database, inTenant, writeAuditEvent } from '@signet/db';
import type { AuthenticationReason } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import { lockAccount } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { addSeconds, earlier } from '../dates.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { isSessionAlive } from '../sessions/live-session.ts';
import {
  endSession,
  lockSession,
  type SessionClient,
  type SessionRow,
  touchSession,
} from '../sessions/session.queries.ts';
import {
  createSessionToken,
  type IssuedTokens,
  issueTokens,
  type NewRefreshToken,
} from '../tokens/issue-tokens.ts';
import {
  exchangeRefreshToken,
  findFreshSuccessor,
  findTokenOwner,
  findUse,
  forgetSuccessors,
} from '../tokens/refresh-token.queries.ts';
import {
  hashRefreshToken,
  openSuccessor,
  refreshGraceSeconds,
  sealSuccessor,
} from '../tokens/refresh-token.ts';
import { deliverTokens, readRefreshToken } from '../tokens/refresh-token-cookie.ts';

type Refresh = {
  tenantId: string;
  refreshToken: string;
  /** Whether a cookie carried the token: all tabs of a browser share it, and no tab chooses what the browser sends. */
  isCookie: boolean;
  client?: SessionClient;
};
type Presented = {
  token: string;
  hash: Buffer;
  tenantId: string;
  isCookie: boolean;
  client: SessionClient | undefined;
};
type Successor = Pick<NewRefreshToken, 'token' | 'expiresAt'>;
type Outcome =
  | IssuedTokens
  | Extract<AuthenticationReason, 'auth.failure.revoked' | 'auth.failure.invalid_credentials'>;

/** `refresh` and `portalRefresh`. */
export function createRefresh<A extends Account>({
  platform,
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['refresh']> {
  return async (_parent, { input }, { client, cookies, tenantId }) => {
    const issuer = getIssuer();
    const refreshToken = readRefreshToken(cookies, platform, input);
    const isCookie = cookies.areAsked;
    const tokens = await refreshSession(issuer, { tenantId, refreshToken, isCookie, client });
    return deliverTokens(cookies, platform, tokens);
  };
}

/**
 * Exchanges a refresh token for its successor. A refusal is returned from the transaction, not thrown in it: the end of
 * a session whose token was used twice must be committed.
 *
 * @throws {RefusalError} auth.failure.invalid_credentials for an unknown token, else auth.failure.revoked
 */
async function refreshSession<A extends Account>(
  issuer: PlatformIssuer<A>,
  { tenantId, refreshToken: token, isCookie, client }: Refresh,
): Promise<IssuedTokens> {
  const hash = hashRefreshToken(token);
  const outcome = hash
    ? await inTenant(issuer.db, tenantId, (trx) =>
        exchange(trx, issuer, { tenantId, hash, token, isCookie, client }),
      )
    : 'auth.failure.invalid_credentials';
  if (typeof outcome === 'string') {
    throw new RefusalError(outcome);
  }
  return outcome;
}

/** Locks account, session, token in this order, as everything that ends sessions does. */
async function exchange<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  presented: Presented,
): Promise<Outcome> {
  const { tables } = issuer;
  const owner = await findTokenOwner(trx, tables, presented.hash);
  if (!owner) return 'auth.failure.invalid_credentials';
  const account = await lockAccount(trx, tables, owner.accountId);
  const session = await lockSession(trx, tables, owner.sessionId);
  const now = issuer.now();
  if (!account || !session || !isSessionAlive(session, account, now)) return 'auth.failure.revoked';
  const successor =
    (await keepCookie(trx, issuer, presented)) ??
    (await makeSuccessor(trx, issuer, session, presented)) ??
    (await recallSuccessor(trx, issuer, session, { ...presented, accountId: account.id }));
  if (!successor) return 'auth.failure.revoked';
  await touchSession(trx, tables, session.id, now);
  const tokens = await issueTokens(issuer, { account, tenantId: presented.tenantId, session }, successor);
  await forgetSuccessors(trx, tables, addSeconds(now, -refreshGraceSeconds));
  return tokens;
}

/**
 * A cookie is kept while its predecessor's grace lasts. A browser sends the old cookie with the requests that it had queued,
 * and takes new cookies in the order of the answers: without this it could use the successor before the last of these requests
 * (docs/decisions/0007-refresh-in-browsers.md).
 */
async function keepCookie(
  trx: Transaction<Database>,
  issuer: Pick<PlatformIssuer, 'tables' | 'now'>,
  { token, hash, isCookie }: Presented,
): Promise<Successor | undefined> {
  if (!isCookie) return undefined;
  const now = issuer.now();
  const usedSince = addSeconds(now, -refreshGraceSeconds);
  const fresh = await findFreshSuccessor(trx, issuer.tables, { hash, usedSince, now });
  return fresh && { token, ...fresh };
}

/** Undefined when the token was used before or has expired. */
async function makeSuccessor(
  trx: Transaction<Database>,
  issuer: Pick<PlatformIssuer, 'tables' | 'lifetimes' | 'now'>,
  session: SessionRow,
  { token, hash, tenantId }: Presented,
): Promise<Successor | undefined> {
  const next = createSessionToken(issuer, session);
  const isExchanged = await exchangeRefreshToken(trx, issuer.tables, {
    hash,
    tenantId,
    sessionId: session.id,
    now: next.createdAt,
    successor: { ...next, sealed: sealSuccessor(next.token, token) },
  });
  return isExchanged ? next : undefined;
}

/**
 * The successor that a used token gave. Where that was used, or the grace is over, two parties hold the token, and nothing
 * tells which of them is honest: the session ends (RFC 9700, section 4.14.2).
 */
async function recallSuccessor(
  trx: Transaction<Database>,
  { platform, tables, lifetimes, now }: Pick<PlatformIssuer, 'platform' | 'tables' | 'lifetimes' | 'now'>,
  session: SessionRow,
  { token, hash, tenantId, accountId, client }: Presented & { accountId: string },
): Promise<Successor | undefined> {
  const use = await findUse(trx, tables, hash);
  if (!use) return undefined;
  if (use.sealedSuccessor && addSeconds(use.usedAt, refreshGraceSeconds) >= now()) {
    return {
      token: openSuccessor(use.sealedSuccessor, token),
      expiresAt: earlier(addSeconds(use.usedAt, lifetimes.refreshIdleSeconds), session.expiresAt),
    };
  }
  await endSession(trx, tables, { id: session.id, reason: 'reuse', now: now() });
  const event = { tenantId, accountId, sessionId: session.id, client };
  await writeAuditEvent(trx, auditOwn('auth.refresh.reuse', { platform }, event));
  return undefined;
}
