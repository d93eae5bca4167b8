import { type Database, inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import { badInput } from '@signet/service';
import type { Transaction } from 'kysely';
import {
  badToken,
  endAccountTokens,
  findAccountToken,
  useAccountToken,
} from '../account-tokens/account-token.ts';
import { getTenantSlug, setEmailVerified } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { findHolderProof, type HolderProof } from '../accounts/account-holder.ts';
import { assertNewPassword } from '../accounts/account-input.ts';
import { giveToMailboxOwner } from '../accounts/mailbox-owner.ts';
import { auditOwn } from '../audit/audit-events.ts';
import type { GraphqlContext } from '../context.ts';
import { requireOutbox } from '../mail/require-outbox.ts';
import { queuePasswordChanged, queueTokenMail } from '../mail/token-mails.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers, VerifyEmailInput } from '../resolvers.generated.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import { listQueueNetworks } from '../throttle/client-networks.ts';
import { refusePause } from '../throttle/sign-in-throttle.ts';
import type { AuthPayload } from '../tokens/refresh-token-cookie.ts';

export type EmailVerification = {
  verified: boolean;
  next: 'NONE' | 'SIGN_IN' | 'GIVE_PASSWORD';
  tokens?: AuthPayload & { deviceToken: string | null };
};
/** Ends a registration by its token; undefined where it is none's. */
export type FinishRegistration = (
  ctx: GraphqlContext,
  input: VerifyEmailInput,
) => Promise<EmailVerification | undefined>;

/** `requestEmailVerification` and `requestPortalEmailVerification`. */
export function createRequestEmailVerification<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['requestEmailVerification']> {
  return async (_parent, _args, ctx) => {
    const subject = requireSubject(ctx);
    const { tenantId } = subject;
    const issuer = getIssuer();
    requireOutbox(issuer);
    const { account } = await inTenant(issuer.db, tenantId, (trx) => lockOwnSession(trx, issuer, subject));
    if (account.emailVerified) return false;
    refusePause(await issuer.throttle.takeMail({ tenantId, email: account.email, purpose: 'verify' }));
    return inTenant(issuer.db, tenantId, async (trx) => {
      const { account } = await lockOwnSession(trx, issuer, subject);
      if (account.emailVerified) return false;
      await endAccountTokens(trx, issuer, account.id, 'verify_email');
      await queueTokenMail(trx, issuer, 'verify_email', { tenantId, account });
      return true;
    });
  };
}

/** `verifyEmail` and `verifyPortalEmail`. `finishRegistration`: where people make accounts themselves. */
export function createVerifyEmail<A extends Account>(
  binding: PlatformBinding<A>,
  finishRegistration: FinishRegistration = async () => undefined,
): NonNullable<MutationResolvers['verifyEmail']> {
  return async (_parent, { input }, ctx) => {
    const issuer = binding.getIssuer();
    const { tenantId } = ctx;
    const { token, password, newPassword } = input;
    if (password && newPassword) throw badInput('newPassword', 'Send the password or a new one, not both.');
    const finished = await finishRegistration(ctx, input);
    if (finished) return { tokens: null, ...finished };
    const [found, tenant] = await readInTenant(issuer.db, tenantId, (trx) =>
      Promise.all([findAccountToken(trx, issuer, token, 'verify_email'), getTenantSlug(trx, tenantId)]),
    );
    if (!found) throw badToken();
    if (newPassword) {
      assertNewPassword(newPassword, { email: found.account.email, tenant }, 'newPassword');
      await takeOver(issuer, ctx, { token, newPassword });
      return { verified: true, next: 'SIGN_IN', tokens: null };
    }
    const proof = await findHolderProof(binding, ctx, found, password);
    if (!proof) return { verified: false, next: 'GIVE_PASSWORD', tokens: null };
    await inTenant(issuer.db, tenantId, (trx) => verify(trx, issuer, ctx, { token, proof }));
    return { verified: true, next: proof.by === 'session' ? 'NONE' : 'SIGN_IN', tokens: null };
  };
}

/** The account stays as it is, and its address counts. */
async function verify<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { tenantId, client }: GraphqlContext,
  { token, proof }: { token: string; proof: HolderProof },
): Promise<void> {
  if (proof.by === 'session') await lockOwnSession(trx, issuer, proof.subject);
  const used = await useAccountToken(trx, issuer, token, 'verify_email');
  if (!used) throw badToken();
  const { id } = used.account;
  await setEmailVerified(trx, issuer.tables, id);
  await endAccountTokens(trx, issuer, id, 'verify_email');
  const subject = proof.by === 'session' ? proof.subject : { tenantId, accountId: id, client };
  await writeAuditEvent(trx, auditOwn('auth.email.verified', issuer, subject));
}

/** The reader of the mail does not know the password: it was another person who made the account. */
async function takeOver<A extends Account>(
  issuer: PlatformIssuer<A>,
  { tenantId, client }: GraphqlContext,
  { token, newPassword }: { token: string; newPassword: string },
): Promise<void> {
  const password = await issuer.passwords.hash(newPassword, listQueueNetworks(client.address));
  await inTenant(issuer.db, tenantId, async (trx) => {
    const used = await useAccountToken(trx, issuer, token, 'verify_email');
    // Once it is verified, its owner is known, and resets the password instead.
    if (!used || used.account.emailVerified) throw badToken();
    const locked = { account: used.account, tenantId, client };
    const { account, endedSessions } = await giveToMailboxOwner(trx, issuer, locked, password);
    const event = { tenantId, accountId: account.id, client };
    await writeAuditEvent(
      trx,
      auditOwn('auth.email.verified', issuer, event, { takenOver: true, ended: endedSessions }),
    );
    await queuePasswordChanged(trx, issuer, { tenantId, account });
  });
}
