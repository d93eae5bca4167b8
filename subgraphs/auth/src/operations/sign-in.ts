import { inTenant } from '@signet/db';
import { readClientPrefix } from '@signet/flow';
import { RefusalError } from '@signet/service';
import { findAccountByEmail, lockAccount } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { normalizeEmail } from '../accounts/account-input.ts';
import { auditFailedSignIn } from '../audit/audit-events.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { runAttempt } from '../throttle/sign-in-throttle.ts';
import { type IssuedTokens, startSession } from '../tokens/issue-tokens.ts';
import { deliverTokens } from '../tokens/refresh-token-cookie.ts';

type Credentials = { email: string; password: string };
type SignIn = { tenantId: string; credentials: Credentials; client: SessionClient };

/** `login` and `portalLogin`. */
export function createSignIn<A extends Account>({
  platform,
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['login']> {
  return async (_parent, { input: credentials }, { client, cookies, tenantId }) =>
    deliverTokens(cookies, platform, await signIn(getIssuer(), { tenantId, credentials, client }));
}

/**
 * Checks e-mail and password, then opens a session. Whatever is wrong (no such account, another password, an inactive
 * account, a malformed e-mail, too many failures), the answer and its time are the same.
 *
 * @throws {RefusalError} auth.failure.invalid_credentials, auth.throttled
 */
async function signIn<A extends Account>(
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
    // The account may have been suspended, or its password changed, during the compare.
    const isStill = account?.isActive && account.passwordVersion === found.account.passwordVersion;
    return isStill ? startSession(trx, issuer, { account, tenantId, client }) : undefined;
  });
  if (!tokens) {
    await auditFailedSignIn(issuer, { ...failed, isRight });
    throw new RefusalError('auth.failure.invalid_credentials');
  }
  return tokens;
}
