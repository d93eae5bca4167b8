import { inTenant, writeAuditEvent } from '@signet/db';
import { badInput, RefusalError } from '@signet/service';
import { setPassword } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { assertNewPassword } from '../accounts/account-input.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { giveDeviceToken } from '../devices/known-devices.ts';
import type { PlatformBinding, PlatformIssuer, SessionSubject } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import { endWithoutFactor, lacksFactor } from '../sessions/required-factor.ts';
import { endSessionsOf, setSessionPasswordVersion } from '../sessions/session.queries.ts';
import { type IssuedTokens, replaceTokens } from '../tokens/issue-tokens.ts';
import { deliverTokens, type SessionCookies } from '../tokens/refresh-token-cookie.ts';
import { compareOwnPassword, readOwnAccount } from './own-password.ts';

type PasswordChange = { currentPassword: string; newPassword: string; cookies: SessionCookies };
type Changed<A> = { endedSessions: number; tokens: IssuedTokens; account: A };

/** `changePassword` and `changePortalPassword`. */
export function createChangePassword<A extends Account>({
  platform,
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['changePassword']> {
  return async (_parent, { input }, ctx) => {
    const { cookies, devices } = ctx;
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    const deviceToken = devices.read(platform, input);
    const { endedSessions, tokens, account } = await changeOwnPassword(issuer, subject, {
      ...input,
      cookies,
    });
    return {
      endedSessions,
      tokens: {
        ...deliverTokens(cookies, platform, tokens),
        deviceToken: await giveDeviceToken(issuer, devices, {
          account,
          deviceToken,
          sessionId: tokens.sessionId,
        }),
      },
    };
  };
}

/**
 * Changes the caller's password, ends all other sessions of the account and gives this one new tokens: anyone else who
 * knew the old password, or copied a refresh token, is out. A wrong current password is bad input, not a failed authentication: on that, clients
 * refresh their tokens and try again.
 *
 * @throws {RefusalError} input.currentPassword, input.newPassword, input.session, auth.failure.revoked, auth.throttled
 */
async function changeOwnPassword<A extends Account>(
  issuer: PlatformIssuer<A>,
  subject: SessionSubject,
  { currentPassword, newPassword, cookies }: PasswordChange,
): Promise<Changed<A>> {
  const { tenantId, accountId, sessionId } = subject;
  const { db, tables, passwords } = issuer;
  const found = await readOwnAccount(issuer, subject, cookies);
  assertNewPassword(newPassword, { email: found.account.email, tenant: found.tenant }, 'newPassword');
  await compareOwnPassword(issuer, subject, {
    password: currentPassword,
    account: found,
    failure: 'auth.password.change_failure',
    refusal: notCurrent,
  });
  if (newPassword === currentPassword) {
    throw badInput('newPassword', 'This is your password already.');
  }
  const hash = await passwords.hash(newPassword, accountId);
  const changed = await inTenant(db, tenantId, async (trx) => {
    const { account: locked, session } = await lockOwnSession(trx, issuer, subject);
    // Two changes at once from this session: the later one compared with a password that is no longer the current one.
    if (locked.passwordVersion !== found.account.passwordVersion) {
      throw notCurrent();
    }
    if (lacksFactor(issuer, locked, session.amr)) {
      await endWithoutFactor(trx, issuer, subject);
      return undefined;
    }
    const account = { ...locked, ...(await setPassword(trx, tables, accountId, hash)) };
    const { passwordVersion } = account;
    await setSessionPasswordVersion(trx, tables, { id: sessionId, passwordVersion });
    const endedSessions = await endSessionsOf(trx, tables, accountId, {
      reason: 'password',
      now: issuer.now(),
      except: sessionId,
    });
    const event = auditOwn('auth.password.changed', issuer, subject, { ended: endedSessions });
    await writeAuditEvent(trx, event);
    return {
      account,
      endedSessions,
      tokens: await replaceTokens(
        trx,
        issuer,
        { account, tenantId, session, client: subject.client },
        cookies,
      ),
    };
  });
  if (!changed) throw new RefusalError('auth.failure.revoked');
  return changed;
}

function notCurrent(): RefusalError {
  return badInput('currentPassword', 'This is not your current password.');
}
