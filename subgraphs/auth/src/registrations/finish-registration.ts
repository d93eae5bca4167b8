import { timingSafeEqual } from 'node:crypto';
import { type Database, inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import { badInput } from '@signet/service';
import type { Transaction } from 'kysely';
import { badToken } from '../account-tokens/account-token.ts';
import {
  findOwnerOfEmail,
  getTenantSlug,
  insertUser,
  lockAccountForChange,
  setFullName,
} from '../accounts/account.queries.ts';
import type { UserAccount } from '../accounts/account.ts';
import { assertNewPassword } from '../accounts/account-input.ts';
import { type Given, giveToMailboxOwner } from '../accounts/mailbox-owner.ts';
import { auditOwn } from '../audit/audit-events.ts';
import type { GraphqlContext } from '../context.ts';
import { giveDeviceToken } from '../devices/known-devices.ts';
import type { FinishRegistration } from '../operations/verify-email.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { VerifyEmailInput } from '../resolvers.generated.ts';
import { runAttempt } from '../throttle/attempt.ts';
import { listQueueNetworks } from '../throttle/client-networks.ts';
import { startSession } from '../tokens/issue-tokens.ts';
import { deliverTokens } from '../tokens/refresh-token-cookie.ts';
import {
  endRegistrationsOf,
  findRegistration,
  hashOf,
  type Registration,
  useRegistration,
} from './registration.queries.ts';

type UserIssuer = PlatformIssuer<UserAccount>;

/**
 * Ends a registration: the account begins, and its first session. The link alone only proves that somebody reads the mailbox; that the
 * same person registered is proved by the challenge that their browser holds, or by the password. Else a stranger could register with
 * an address and its owner, who opens the link, would make the stranger's password good. Who has neither gives a new password.
 */
export function createFinishRegistration({
  platform,
  getIssuer,
}: PlatformBinding<UserAccount>): FinishRegistration {
  return async (ctx, input) => {
    const issuer = getIssuer();
    const { tenantId, client, cookies, devices } = ctx;
    const [registration, tenant] = await readInTenant(issuer.db, tenantId, (trx) =>
      Promise.all([findRegistration(trx, input.token, issuer.now()), getTenantSlug(trx, tenantId)]),
    );
    if (!registration) return undefined;
    const deviceToken = devices.read(platform, input);
    const password = await findProvenPassword(issuer, client.address, { registration, tenant, input });
    if (!password) return { verified: false, next: 'GIVE_PASSWORD' };
    const { account, tokens } = await inTenant(issuer.db, tenantId, async (trx) => {
      if (!(await useRegistration(trx, input.token, issuer.now()))) throw badToken();
      const { account, ...given } = await beginAccount(trx, issuer, ctx, { ...registration, password });
      await endRegistrationsOf(trx, registration.email);
      const event = { tenantId, accountId: account.id, client };
      await writeAuditEvent(
        trx,
        auditOwn('auth.account.registered', issuer, event, given.isTakenOver ? { takenOver: true } : {}),
      );
      await writeAuditEvent(trx, auditOwn('auth.email.verified', issuer, event));
      return {
        account,
        tokens: await startSession(trx, issuer, { account, tenantId, client, cookies, amr: ['pwd'] }),
      };
    });
    // The account is committed: a counter that can't be written must not take its answer away.
    await issuer.throttle
      .remember({ tenantId, email: account.email, address: client.address })
      .catch(() => {});
    return {
      verified: true,
      next: 'NONE',
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

type Ending = { registration: Registration; tenant: string; input: VerifyEmailInput };

/** The password that the account is to have; undefined where nothing shows that the caller is the one who registered. */
async function findProvenPassword(
  issuer: UserIssuer,
  address: string | null,
  { registration, tenant, input: { challenge, password, newPassword, token } }: Ending,
): Promise<PasswordHash | undefined> {
  if (newPassword) {
    assertNewPassword(newPassword, { email: registration.email, tenant }, 'newPassword');
    return issuer.passwords.hash(newPassword, listQueueNetworks(address));
  }
  if (challenge && timingSafeEqual(hashOf(challenge), registration.challengeHash))
    return registration.password;
  if (!password) return undefined;
  const attempt = await issuer.throttle.beginChange(hashOf(token).toString('hex'));
  await runAttempt(attempt, async (markWrong) => {
    if (await issuer.passwords.verify(password, registration.password, listQueueNetworks(address))) return;
    markWrong();
    throw badInput('password', 'This is not the password that was given at registration.');
  });
  return registration.password;
}

/**
 * A new account, or one of which no address was ever verified: whoever made that, the mailbox's owner is here now. One that staff gave this
 * address has an owner, with factors: it is entered by a reset.
 *
 * @throws {RefusalError} input.token where the address has an owner already, or the account was deactivated
 */
async function beginAccount(
  trx: Transaction<Database>,
  issuer: UserIssuer,
  { tenantId, client }: Pick<GraphqlContext, 'tenantId' | 'client'>,
  { email, fullName, language, password }: Registration,
): Promise<Given<UserAccount>> {
  const earlier = await findOwnerOfEmail(trx, issuer.tables, email);
  if (!earlier) {
    const added = await insertUser(trx, {
      tenantId,
      email,
      fullName,
      language,
      password,
      emailVerified: true,
    });
    if (!added) throw badToken();
    return { account: added, endedSessions: 0, isTakenOver: false };
  }
  const locked = await lockAccountForChange(trx, issuer.tables, earlier.id);
  if (!locked?.isActive || locked.wasVerified || locked.email !== email) throw badToken();
  await setFullName(trx, locked.id, fullName);
  const given = await giveToMailboxOwner(trx, issuer, { account: locked, tenantId, client }, password);
  return { ...given, account: { ...given.account, fullName } };
}
