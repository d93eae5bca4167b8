import { type Database, writeAuditEvent } from '@signet/db';
import type { Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { addSeconds, earlier, toSeconds } from '../dates.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { insertSession, type SessionClient, type SessionRow } from '../sessions/session.queries.ts';
import { insertRefreshToken } from './refresh-token.queries.ts';
import { createRefreshToken, hashRefreshToken } from './refresh-token.ts';

/** Tokens of a session, before it is decided how the refresh token travels. */
export type IssuedTokens = {
  accessToken: string;
  refreshToken: string;
  /** Seconds until the access token expires, and until the refresh token does. */
  expiresIn: number;
  refreshExpiresIn: number;
};

/** A refresh token, and the parts of it that are stored. */
export type NewRefreshToken = { token: string; hash: Buffer; createdAt: Date; expiresAt: Date };

/** Opens a session for an account whose row the transaction has locked, and issues its first tokens. */
export async function startSession<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { account, tenantId, client }: { account: A; tenantId: string; client: SessionClient },
): Promise<IssuedTokens> {
  const now = issuer.now();
  const session = await insertSession(trx, issuer.tables, {
    ...client,
    tenantId,
    account,
    amr: ['pwd'], // RFC 8176
    authTime: now,
    expiresAt: addSeconds(now, issuer.lifetimes.refreshAbsoluteSeconds),
  });
  const event = { tenantId, accountId: account.id, sessionId: session.id, client };
  await writeAuditEvent(trx, auditOwn('auth.login.success', issuer, event));
  const refresh = createSessionToken(issuer, session);
  await insertRefreshToken(trx, issuer.tables, { ...refresh, tenantId, sessionId: session.id });
  return issueTokens(issuer, { account, tenantId, session }, refresh);
}

/** A session's next refresh token: fresh random bits, valid for the idle time, and no longer than the session. */
export function createSessionToken(
  { lifetimes, now }: Pick<PlatformIssuer, 'lifetimes' | 'now'>,
  session: Pick<SessionRow, 'expiresAt'>,
): NewRefreshToken {
  const createdAt = now();
  const token = createRefreshToken();
  return {
    token,
    hash: hashRefreshToken(token) as Buffer,
    createdAt,
    expiresAt: earlier(addSeconds(createdAt, lifetimes.refreshIdleSeconds), session.expiresAt),
  };
}

/**
 * Signs an access token to go with a refresh token. Runs in the transaction that holds the row locks of account and
 * session, so that nothing is signed for an account or a session that was suspended or ended meanwhile.
 */
export async function issueTokens<A extends Account>(
  issuer: PlatformIssuer<A>,
  { account, tenantId, session }: { account: A; tenantId: string; session: SessionRow },
  refresh: Pick<NewRefreshToken, 'token' | 'expiresAt'>,
): Promise<IssuedTokens> {
  const now = issuer.now();
  const expiresAt = earlier(addSeconds(now, issuer.lifetimes.accessTokenSeconds), session.expiresAt);
  const accessToken = await issuer.signAccessToken(
    { account, tenantId, sessionId: session.id, authTime: session.authTime, amr: session.amr },
    { issuedAt: now, expiresAt },
  );
  return {
    accessToken,
    refreshToken: refresh.token,
    expiresIn: toSeconds(expiresAt) - toSeconds(now),
    refreshExpiresIn: toSeconds(refresh.expiresAt) - toSeconds(now),
  };
}
