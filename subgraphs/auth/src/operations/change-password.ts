import { inTenant, writeAuditEvent } from '@signet/db';
import { badInput, RefusalError } from '@signet/service';
import { findAccountWithPassword, getTenantSlug, setPassword } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { assertNewPassword } from '../accounts/account-input.ts';
import { auditOwn } from '../audit/audit-events.ts';
import type { PlatformBinding, PlatformIssuer, SessionSubject } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import { endSessionsOf, setSessionPasswordVersion } from '../sessions/session.queries.ts';
import { runAttempt } from '../throttle/attempt.ts';

type PasswordChange = { currentPassword: string; newPassword: string };

/** `changePassword` and `changePortalPassword`. */
export function createChangePassword<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['changePassword']> {
  return (_parent, { input }, ctx) => changeOwnPassword(getIssuer(), requireSubject(ctx), input);
}

/**
 * Changes the caller's password and ends all other sessions of the account: anyone else who knew the old password is out.
 * Returns how many sessions ended. A wrong current password is bad input, not a failed authentication: on that, clients
 * refresh their tokens and try again.
 *
 * @throws {RefusalError} input.currentPassword, input.newPassword, auth.failure.revoked, auth.throttled
 */
async function changeOwnPassword<A extends Account>(
  issuer: PlatformIssuer<A>,
  subject: SessionSubject,
  { currentPassword, newPassword }: PasswordChange,
): Promise<number> {
  const { tenantId, accountId, sessionId } = subject;
  const { db, tables, passwords } = issuer;
  const { found, tenant } = await inTenant(db, tenantId, async (trx) => ({
    found: await findAccountWithPassword(trx, tables, accountId),
    tenant: await getTenantSlug(trx, tenantId),
  }));
  if (!found?.account.isActive) {
    throw new RefusalError('auth.failure.revoked');
  }
  assertNewPassword(newPassword, { email: found.account.email, tenant }, 'newPassword');
  // A thief of a token must not learn the password with it.
  await runAttempt(await issuer.throttle.beginChange(accountId), async () => {
    if (!(await passwords.verify(currentPassword, found.password, accountId))) {
      const event = auditOwn('auth.password.change_failure', issuer, subject);
      await inTenant(db, tenantId, (trx) => writeAuditEvent(trx, event));
      throw notCurrent();
    }
  });
  if (newPassword === currentPassword) {
    throw badInput('newPassword', 'This is your password already.');
  }
  const hash = await passwords.hash(newPassword, accountId);
  return inTenant(db, tenantId, async (trx) => {
    const account = await lockOwnSession(trx, issuer, subject);
    // Two changes at once from this session: the later one compared with a password that is no longer the current one.
    if (account.passwordVersion !== found.account.passwordVersion) {
      throw notCurrent();
    }
    const passwordVersion = await setPassword(trx, tables, accountId, hash);
    await setSessionPasswordVersion(trx, tables, { id: sessionId, passwordVersion });
    const ended = await endSessionsOf(trx, tables, accountId, {
      reason: 'password',
      now: issuer.now(),
      except: sessionId,
    });
    await writeAuditEvent(trx, auditOwn('auth.password.changed', issuer, subject, { ended }));
    return ended;
  });
}

function notCurrent(): RefusalError {
  return badInput('currentPassword', 'This is not your current password.');
}
