import { inTenant } from '@signet/db';
import { RefusalError } from '@signet/service';
import { findAccountByEmail, lockAccount } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { normalizeEmail } from '../accounts/email.ts';
import { auditFailedSignIn } from '../audit/audit-failed-sign-in.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { readClientPrefix } from '../throttle/client-prefix.ts';
import { runAttempt } from '../throttle/run-attempt.ts';
import type { IssuedTokens } from './issue-tokens.ts';
import type { PlatformIssuer } from './platform-issuer.ts';
import { startSession } from './start-session.ts';

export type Credentials = { email: string; password: string };
type SignIn = { tenantId: string; credentials: Credentials; client: SessionClient };

/**
 * Checks e-mail and password, then opens a session. Whatever is wrong (no such account, another password, an inactive
 * account, an e-mail that can be none, too many failures), the answer and its time are the same.
 *
 * @throws {RefusalError} auth.failure.invalid_credentials, auth.throttled
 */
export async function signIn<A extends Account>(
  issuer: PlatformIssuer<A>,
  { tenantId, credentials, client }: SignIn,
): Promise<IssuedTokens> {
  const email = normalizeEmail(credentials.email);
  const { address } = client;
  const lane = readClientPrefix(address).network;
  const attempt = await issuer.throttle.begin({ tenantId, email, address });
  if (!attempt) {
    await issuer.passwords.pretendToVerify(lane);
    issuer.samples.tell('auth.login.throttled', lane, { tenantId, origin: client });
    throw new RefusalError('auth.failure.invalid_credentials');
  }
  return runAttempt(attempt, () => compare(issuer, { tenantId, credentials, client }, { email, lane }));
}

async function compare<A extends Account>(
  issuer: PlatformIssuer<A>,
  { tenantId, credentials, client }: SignIn,
  { email, lane }: { email: string | undefined; lane: string },
): Promise<IssuedTokens> {
  // No connection is held while the password waits for its turn.
  const found =
    email === undefined
      ? undefined
      : await inTenant(issuer.db, tenantId, (trx) => findAccountByEmail(trx, issuer.tables, email));
  const isRight = await issuer.passwords.verify(credentials.password, found?.password, lane);
  const failed = { tenantId, client, account: found?.account };
  if (!found || !isRight || !found.account.isActive) {
    await auditFailedSignIn(issuer, { ...failed, isRight });
    throw new RefusalError('auth.failure.invalid_credentials');
  }
  const tokens = await inTenant(issuer.db, tenantId, async (trx) => {
    const account = await lockAccount(trx, issuer.tables, found.account.id);
    // Suspended, or the password changed, while the old one was being compared.
    const isStill = account?.isActive && account.passwordVersion === found.account.passwordVersion;
    return isStill ? startSession(trx, issuer, { account, tenantId, client }) : undefined;
  });
  if (!tokens) {
    await auditFailedSignIn(issuer, { ...failed, isRight });
    throw new RefusalError('auth.failure.invalid_credentials');
  }
  return tokens;
}
