import { type Database, writeAuditEvent } from '@signet/db';
import type { Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { addSeconds, earlier, toSeconds } from '../dates.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { lacksFactor } from '../sessions/required-factor.ts';
import {
  endSession,
  insertSession,
  type SessionClient,
  type SessionRow,
} from '../sessions/session.queries.ts';
import { assertNotLoggedOut, type UpstreamProof } from '../upstream/upstream-session.ts';
import {
  deleteTokensOf,
  findTokenOwner,
  insertRefreshToken,
  type NewRefreshToken,
} from './refresh-token.queries.ts';
import { createRefreshToken, identifyToken, type TokenIdentity } from './refresh-token.ts';
import type { SessionCookies } from './refresh-token-cookie.ts';

/** Tokens of a session, before it is decided how the refresh token travels. */
export type IssuedTokens = {
  sessionId: string;
  accessToken: string;
  refreshToken: string;
  /** Seconds until the access token expires, and until the refresh token does. */
  expiresIn: number;
  refreshExpiresIn: number;
};

type Trx = Transaction<Database>;
type NewSession<A extends Account> = {
  account: A;
  tenantId: string;
  client: SessionClient;
  /** Of the request. */
  cookies: SessionCookies;
  /** How the person proved who they are (RFC 8176). */
  amr: readonly string[];
  /** When they proved all of it, where that isn't now. */
  authTime?: Date;
  /** What an identity provider proved in place of a password. */
  upstream?: UpstreamProof | undefined;
};
type OpenSession<A extends Account> = { account: A; tenantId: string; session: SessionRow };

/**
 * Opens a session for an account whose row the transaction has locked, and issues its first tokens. Ends the session whose
 * cookie the new one replaces: nobody could end it from this browser any more.
 *
 * @throws {RefusalError} auth.failure.revoked where an identity provider has ended its own session meanwhile
 */
export async function startSession<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { account, tenantId, client, cookies, amr, authTime, upstream }: NewSession<A>,
): Promise<IssuedTokens> {
  const now = issuer.now();
  if (upstream) await assertNotLoggedOut(trx, issuer, tenantId, upstream);
  await endReplacedSession(trx, issuer, { tenantId, client, cookie: cookies.find(issuer.platform) });
  const session = await insertSession(trx, issuer.tables, {
    ...client,
    tenantId,
    account,
    amr: [...amr],
    // A provider whose clock is wrong makes no sign-in recent in an hour.
    authTime: authTime ? earlier(authTime, now) : now,
    createdAt: now,
    expiresAt: addSeconds(now, issuer.lifetimes.refreshAbsoluteSeconds),
    upstream,
  });
  const event = { tenantId, accountId: account.id, sessionId: session.id, client };
  await writeAuditEvent(trx, auditOwn('auth.login.success', issuer, event));
  return issueFirstTokens(trx, issuer, { account, tenantId, session }, cookies);
}

/**
 * Gives a session whose row the transaction has locked new tokens. Those that it had are unknown from then on, copies too. Where the
 * new one goes into a cookie in place of another session's, that session ends, as at a second sign-in.
 */
export async function replaceTokens<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { client, ...open }: OpenSession<A> & { client: SessionClient | undefined },
  cookies: SessionCookies,
): Promise<IssuedTokens> {
  const replaced = { tenantId: open.tenantId, client, cookie: cookies.find(issuer.platform) };
  await endReplacedSession(trx, issuer, { ...replaced, by: open.session.id });
  await deleteTokensOf(trx, issuer.tables, open.session.id);
  return issueFirstTokens(trx, issuer, open, cookies);
}

async function issueFirstTokens<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  open: OpenSession<A>,
  { areAsked: inCookie }: SessionCookies,
): Promise<IssuedTokens> {
  const refresh = createSessionToken(issuer, open.session, { inCookie });
  await insertRefreshToken(trx, issuer.tables, { tenantId: open.tenantId, id: open.session.id }, refresh);
  return issueTokens(issuer, open, refresh);
}

type Replacement = {
  tenantId: string;
  client: SessionClient | undefined;
  cookie: string | undefined;
  by?: string;
};

/**
 * The cookie's token proves that this browser held the session, whether or not the token can still be exchanged. `by`: the session
 * that goes on.
 */
async function endReplacedSession(
  trx: Trx,
  issuer: Pick<PlatformIssuer, 'platform' | 'tables' | 'now'>,
  { cookie, by, ...asking }: Replacement,
): Promise<void> {
  const identity = cookie === undefined ? undefined : identifyToken(cookie);
  const owner = identity && (await findTokenOwner(trx, issuer.tables, identity));
  if (!owner || owner.sessionId === by) return;
  const end = { id: owner.sessionId, reason: 'replaced', now: issuer.now() } as const;
  if (await endSession(trx, issuer.tables, end)) {
    await writeAuditEvent(trx, auditOwn('auth.logout', issuer, { ...asking, ...owner }, { replaced: true }));
  }
}

type TokenOptions = {
  inCookie: boolean;
  /** Of whose family it is to be. */
  predecessor?: string;
};

/** A session's next refresh token: fresh random bits, valid for the idle time, and no longer than the session. */
export function createSessionToken(
  { lifetimes, now }: Pick<PlatformIssuer, 'lifetimes' | 'now'>,
  session: Pick<SessionRow, 'expiresAt'>,
  { inCookie, predecessor }: TokenOptions,
): NewRefreshToken {
  const createdAt = now();
  const token = createRefreshToken(predecessor);
  return {
    token,
    ...(identifyToken(token) as TokenIdentity),
    createdAt,
    expiresAt: earlier(addSeconds(createdAt, lifetimes.refreshIdleSeconds), session.expiresAt),
    inCookie,
  };
}

/**
 * Signs an access token to go with a refresh token. Runs in the transaction that holds the row locks of account and
 * session, so that nothing is signed for an account or a session that was suspended or ended meanwhile.
 *
 * @throws {TypeError} for a session without the second factor that its account's role asks for: a caller who lets that happen is wrong.
 */
export async function issueTokens<A extends Account>(
  issuer: PlatformIssuer<A>,
  { account, tenantId, session }: OpenSession<A>,
  refresh: Pick<NewRefreshToken, 'token' | 'expiresAt'>,
): Promise<IssuedTokens> {
  if (lacksFactor(issuer, account, session.amr))
    throw new TypeError('This account has no session without a second factor.');
  const now = issuer.now();
  const expiresAt = earlier(addSeconds(now, issuer.lifetimes.accessTokenSeconds), session.expiresAt);
  const accessToken = await issuer.signAccessToken(
    {
      account,
      tenantId,
      sessionId: session.id,
      authTime: session.authTime,
      amr: session.amr,
      isVerificationWaived: isVerificationWaived(issuer, account),
    },
    { issuedAt: now, expiresAt },
  );
  return {
    sessionId: session.id,
    accessToken,
    refreshToken: refresh.token,
    expiresIn: toSeconds(expiresAt) - toSeconds(now),
    refreshExpiresIn: toSeconds(refresh.expiresAt) - toSeconds(now),
  };
}

/** Without mail nobody can verify an address; and a tenant can let its customers act before they have. */
export function isVerificationWaived(
  { mail }: Pick<PlatformIssuer, 'mail'>,
  { emailVerified, mayActUnverified }: Account,
): boolean {
  return !emailVerified && (mail === undefined || mayActUnverified);
}
