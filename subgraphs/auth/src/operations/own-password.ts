import { inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import type { AuditKind } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import { findAccountWithPassword, getTenantSlug } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import type { PlatformIssuer, SessionSubject } from '../platform-issuer.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import { runAttempt } from '../throttle/attempt.ts';
import { isTokenInCookie } from '../tokens/refresh-token.queries.ts';
import type { SessionCookies } from '../tokens/refresh-token-cookie.ts';

type OwnAccount<A extends Account> = NonNullable<Awaited<ReturnType<typeof findAccountWithPassword<A>>>> & {
  /** The slug of the tenant. */
  tenant: string;
};

/**
 * The caller's account, with what its password is compared with, before an operation that gives the session new tokens.
 *
 * @throws {RefusalError} auth.failure.revoked for an account that is not active; input.session where a cookie carries the refresh token
 *   and the request does not ask for cookies.
 */
export async function readOwnAccount<A extends Account>(
  { db, tables }: PlatformIssuer<A>,
  { tenantId, accountId, sessionId }: SessionSubject,
  cookies: SessionCookies,
): Promise<OwnAccount<A>> {
  const [found, tenant, inCookie] = await readInTenant(db, tenantId, (trx) =>
    Promise.all([
      findAccountWithPassword(trx, tables, accountId),
      getTenantSlug(trx, tenantId),
      isTokenInCookie(trx, tables, sessionId),
    ]),
  );
  if (!found?.account.isActive) {
    throw new RefusalError('auth.failure.revoked');
  }
  if (inCookie && !cookies.areAsked) {
    // The new token would be in the answer, for scripts to read, and the browser would keep a cookie that is dead.
    throw badInput('session', 'A cookie carries your refresh token: send the header Signet-Session: cookie.');
  }
  return { ...found, tenant };
}

type OwnGuess<A extends Account> = {
  /** What the caller wrote. */
  password: string;
  account: Pick<OwnAccount<A>, 'password'>;
  /** What a wrong one is written to the audit log as. */
  failure: AuditKind;
  /** What a wrong one is refused with. */
  refusal(): RefusalError;
};

/**
 * Compares a password with the caller's own. A thief of a token must not learn the password with it: guesses are slowed down, by one
 * counter for all operations that compare.
 *
 * @throws {RefusalError} `refusal`, auth.failure.revoked, auth.throttled
 */
export async function compareOwnPassword<A extends Account>(
  issuer: PlatformIssuer<A>,
  subject: SessionSubject,
  { password, account, failure, refusal }: OwnGuess<A>,
): Promise<void> {
  const { db, passwords, throttle } = issuer;
  const { tenantId, accountId } = subject;
  await runAttempt(await throttle.beginChange(accountId), async (markWrong) => {
    if (!(await passwords.verify(password, account.password, accountId))) {
      markWrong();
      const event = auditOwn(failure, issuer, subject);
      await inTenant(db, tenantId, (trx) => writeAuditEvent(trx, event));
      // Where another session has changed it just before, this one has ended, and no other password would help.
      await inTenant(db, tenantId, (trx) => lockOwnSession(trx, issuer, subject));
      throw refusal();
    }
  });
  issuer.rehash.offer({ tenantId, accountId, password, stored: account.password });
}
