import type { Account } from '../accounts/account.ts';
import { createRefreshToken, hashRefreshToken } from '../sessions/refresh-token.ts';
import type { SessionRow } from '../sessions/session.queries.ts';
import { toSeconds } from '../tokens/access-token-signer.ts';
import type { PlatformIssuer } from './platform-issuer.ts';

/** Tokens of a session, before it is decided how the refresh token travels. */
export type IssuedTokens = {
  accessToken: string;
  refreshToken: string;
  /** Seconds until the access token expires, and until the refresh token does. */
  expiresIn: number;
  refreshExpiresIn: number;
};

/** A refresh token with what is stored of it. */
export type NewRefreshToken = { token: string; hash: Buffer; createdAt: Date; expiresAt: Date };

/** A session's next refresh token: fresh random bits, good for the idle time, within the session's own end. */
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
 * session, so that nothing is signed for what is suspended or ended meanwhile.
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

export function addSeconds(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000);
}

export function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}
