import { inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import { listEmailSpellings } from '@signet/db/email';
import { badInput } from '@signet/service';
import {
  badToken,
  endAccountTokens,
  findAccountToken,
  useAccountToken,
} from '../account-tokens/account-token.ts';
import { findAccountByEmail, getTenantSlug, lockAccount } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { assertNewPassword, readLanguage } from '../accounts/account-input.ts';
import { giveToMailboxOwner } from '../accounts/mailbox-owner.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { requireOutbox } from '../mail/require-outbox.ts';
import { queuePasswordChanged, queueTokenMail } from '../mail/token-mails.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { listQueueNetworks } from '../throttle/client-networks.ts';

/** `requestPasswordReset` and `requestPortalPasswordReset`. The account is looked for after the answer. */
export function createRequestPasswordReset<A extends Account>({
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['requestPasswordReset']> {
  return async (_parent, { input }, { tenantId, client }) => {
    const issuer = getIssuer();
    requireOutbox(issuer);
    const spellings = listEmailSpellings(input.email);
    if (spellings.length === 0) throw badInput('email', 'This is not an e-mail address.');
    const language = readLanguage(input.language);
    await issuer.throttle.countMailRequest(client.address);
    issuer.later.add('reset mail', () => sendReset(issuer, { tenantId, spellings, language }));
    return true;
  };
}

type ResetRequest = { tenantId: string; spellings: readonly string[]; language: string | undefined };

async function sendReset<A extends Account>(
  issuer: PlatformIssuer<A>,
  { tenantId, spellings, language }: ResetRequest,
): Promise<void> {
  const found = await readInTenant(issuer.db, tenantId, (trx) =>
    findAccountByEmail(trx, issuer.tables, spellings),
  );
  if (!found?.account.isActive) return;
  if ((await issuer.throttle.takeMail({ tenantId, email: found.account.email, purpose: 'reset' })) > 0)
    return;
  await inTenant(issuer.db, tenantId, async (trx) => {
    const account = await lockAccount(trx, issuer.tables, found.account.id);
    if (!account?.isActive || account.email !== found.account.email) return;
    await endAccountTokens(trx, issuer, account.id, 'reset_password');
    await queueTokenMail(trx, issuer, 'reset_password', { tenantId, account, language });
  });
}

/**
 * `resetPassword` and `resetPortalPassword`. It gives no session: a mailbox is one factor, and whoever has a second one is asked for it
 * at sign-in.
 */
export function createResetPassword<A extends Account>({
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['resetPassword']> {
  return async (_parent, { input: { token, newPassword } }, { tenantId, client }) => {
    const issuer = getIssuer();
    const [found, tenant] = await readInTenant(issuer.db, tenantId, (trx) =>
      Promise.all([findAccountToken(trx, issuer, token, 'reset_password'), getTenantSlug(trx, tenantId)]),
    );
    if (!found) throw badToken();
    assertNewPassword(newPassword, { email: found.account.email, tenant }, 'newPassword');
    // Only for who has a link: others can't make the thread work.
    const password = await issuer.passwords.hash(newPassword, listQueueNetworks(client.address));
    return inTenant(issuer.db, tenantId, async (trx) => {
      const used = await useAccountToken(trx, issuer, token, 'reset_password');
      if (!used) throw badToken();
      const given = await giveToMailboxOwner(
        trx,
        issuer,
        { account: used.account, tenantId, client },
        password,
      );
      const { account, endedSessions, isTakenOver } = given;
      const subject = { tenantId, accountId: account.id, client };
      const details = { ended: endedSessions, ...(isTakenOver && { takenOver: true }) };
      await writeAuditEvent(trx, auditOwn('auth.password.reset', issuer, subject, details));
      await queuePasswordChanged(trx, issuer, { tenantId, account });
      return { endedSessions };
    });
  };
}
