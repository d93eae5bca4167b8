import type { Database } from '@signet/db';
import type { Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { insertRefreshToken } from '../sessions/refresh-token.queries.ts';
import { createRefreshToken, hashRefreshToken } from '../sessions/refresh-token.ts';
import type { SessionRow } from '../sessions/session.queries.ts';
import { toSeconds } from '../tokens/access-token-signer.ts';
import type { PlatformIssuer } from './platform-issuer.ts';

/** What sign-in and refresh answer. `refreshToken` is null where a cookie carries it. */
export type AuthPayload = { accessToken: string; refreshToken: string | null; expiresIn: number };

/**
 * A new access token and the next refresh token of a session. Runs in the transaction that holds the account's row lock,
 * so that no token is signed for an account that is suspended meanwhile.
 */
export async function issueTokens<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { account, tenantId, session }: { account: A; tenantId: string; session: SessionRow },
): Promise<AuthPayload> {
  const now = issuer.now();
  const { accessTokenSeconds, refreshIdleSeconds } = issuer.lifetimes;
  const expiresAt = earlier(addSeconds(now, accessTokenSeconds), session.expiresAt);
  const refreshToken = createRefreshToken();
  await insertRefreshToken(trx, issuer.tables, {
    hash: hashRefreshToken(refreshToken) as Buffer,
    tenantId,
    sessionId: session.id,
    createdAt: now,
    expiresAt: earlier(addSeconds(now, refreshIdleSeconds), session.expiresAt),
  });
  const accessToken = await issuer.signAccessToken(
    { account, tenantId, sessionId: session.id, authTime: session.authTime, amr: session.amr },
    { issuedAt: now, expiresAt },
  );
  return { accessToken, refreshToken, expiresIn: toSeconds(expiresAt) - toSeconds(now) };
}

export function addSeconds(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000);
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}
