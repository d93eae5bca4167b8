import { type Database, writeAuditEvent } from '@signet/db';
import type { Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-own.ts';
import { insertRefreshToken } from '../sessions/refresh-token.queries.ts';
import { insertSession, type SessionClient } from '../sessions/session.queries.ts';
import { addSeconds, createSessionToken, type IssuedTokens, issueTokens } from './issue-tokens.ts';
import type { PlatformIssuer } from './platform-issuer.ts';

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
  await writeAuditEvent(
    trx,
    auditOwn('auth.login.success', issuer, {
      tenantId,
      accountId: account.id,
      sessionId: session.id,
      client,
    }),
  );
  const refresh = createSessionToken(issuer, session);
  await insertRefreshToken(trx, issuer.tables, { ...refresh, tenantId, sessionId: session.id });
  return issueTokens(issuer, { account, tenantId, session }, refresh);
}
