import { type Database, inTenant } from '@signet/db';
import type { AuthenticationReason } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import { lockAccount } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { findTokenOwner, findUseTime, useRefreshToken } from '../sessions/refresh-token.queries.ts';
import { hashRefreshToken } from '../sessions/refresh-token.ts';
import { endSession, lockSession, type SessionRow, touchSession } from '../sessions/session.queries.ts';
import { type AuthPayload, addSeconds, issueTokens } from './issue-tokens.ts';
import type { PlatformIssuer } from './platform-issuer.ts';

type Refresh = { tenantId: string; refreshToken: string };
type Outcome =
  | AuthPayload
  | Extract<AuthenticationReason, 'auth.failure.revoked' | 'auth.failure.invalid_credentials'>;

/**
 * A second use within this time is a client's race or a lost answer: refused, but the session lives on. A later one is
 * somebody else's, and ends it.
 */
const reuseGraceSeconds = 60;

/**
 * Exchanges a refresh token for its successor. A refusal is returned from the transaction, not thrown in it: the end of
 * a session whose token was used twice must be committed.
 *
 * @throws {RefusalError} auth.failure.invalid_credentials for a token that is none, else auth.failure.revoked
 */
export async function refreshSession<A extends Account>(
  issuer: PlatformIssuer<A>,
  { tenantId, refreshToken }: Refresh,
): Promise<AuthPayload> {
  const hash = hashRefreshToken(refreshToken);
  const outcome = hash
    ? await inTenant(issuer.db, tenantId, (trx) => exchange(trx, issuer, { tenantId, hash }))
    : 'auth.failure.invalid_credentials';
  if (typeof outcome === 'string') {
    throw new RefusalError(outcome);
  }
  return outcome;
}

/** Locks in the order account, session, token: the order of everyone who ends sessions. */
async function exchange<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { tenantId, hash }: { tenantId: string; hash: Buffer },
): Promise<Outcome> {
  const { tables } = issuer;
  const owner = await findTokenOwner(trx, tables, hash);
  if (!owner) return 'auth.failure.invalid_credentials';
  const account = await lockAccount(trx, tables, owner.accountId);
  const session = await lockSession(trx, tables, owner.sessionId);
  const now = issuer.now();
  if (!account || !session || !isAlive(session, account, now)) return 'auth.failure.revoked';
  if (!(await useRefreshToken(trx, tables, hash, now))) {
    const usedAt = await findUseTime(trx, tables, hash);
    if (usedAt && addSeconds(usedAt, reuseGraceSeconds) < now) {
      await endSession(trx, tables, { id: session.id, reason: 'reuse', now });
    }
    return 'auth.failure.revoked';
  }
  await touchSession(trx, tables, session.id, now);
  return issueTokens(trx, issuer, { account, tenantId, session });
}

function isAlive(session: SessionRow, account: Account, now: Date): boolean {
  return (
    account.isActive &&
    session.endedAt === null &&
    session.expiresAt > now &&
    session.passwordVersion === account.passwordVersion
  );
}
