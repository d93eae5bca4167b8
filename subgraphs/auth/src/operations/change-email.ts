import { type Database, inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import { normalizeEmail } from '@signet/db/email';
import { badInput } from '@signet/service';
import type { Transaction } from 'kysely';
import {
  badToken,
  createAccountToken,
  endAccountTokens,
  endTokensOfEarlierState,
  findAccountToken,
  suspectSince,
  useAccountToken,
} from '../account-tokens/account-token.ts';
import { findOwnerOfEmail, setEmail } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { findHolderProof, type HolderProof } from '../accounts/account-holder.ts';
import { lockWithOwnerOfEmail, mayLoseEmail, releaseEmail } from '../accounts/release-email.ts';
import { auditOwn } from '../audit/audit-events.ts';
import type { GraphqlContext } from '../context.ts';
import { requireOutbox } from '../mail/require-outbox.ts';
import { queueAccountExists, queueEmailChanged, queueTokenMail } from '../mail/token-mails.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import { endSessionsOf } from '../sessions/session.queries.ts';
import { refusePause } from '../throttle/sign-in-throttle.ts';

/** `changeEmail` and `changePortalEmail`: only the new address gets a mail, until it is confirmed. */
export function createChangeEmail<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['changeEmail']> {
  return async (_parent, { input }, ctx) => {
    const subject = requireSubject(ctx);
    const { tenantId, accountId, sessionId } = subject;
    const issuer = getIssuer();
    requireOutbox(issuer);
    const to = normalizeEmail(input.newEmail);
    if (to === undefined) throw badInput('newEmail', 'This is not an e-mail address.');
    // One account asks for few, whatever the addresses are; and one mailbox gets few, whoever asks.
    refusePause(
      await issuer.throttle.takeMail({ tenantId, email: `account ${accountId}`, purpose: 'change' }),
    );
    const mayMail = (await issuer.throttle.takeMail({ tenantId, email: to, purpose: 'change' })) === 0;
    return inTenant(issuer.db, tenantId, async (trx) => {
      const { account, session } = await lockOwnSession(trx, issuer, subject);
      if (account.email === to) throw badInput('newEmail', 'This is your address already.');
      const other = await findOwnerOfEmail(trx, issuer.tables, to);
      await endAccountTokens(trx, issuer, account.id, 'confirm_email');
      const since = suspectSince(issuer.now(), session.createdAt).toISOString();
      const data = { email: to, session: sessionId, since };
      if (!mayMail || (other && !mayLoseEmail(issuer, other))) {
        // As much as for a free address. Nobody gets this token.
        await createAccountToken(trx, issuer, { tenantId, account, purpose: 'confirm_email', data });
        if (mayMail) await queueAccountExists(trx, issuer, { tenantId, account: other, to });
      } else {
        await queueTokenMail(trx, issuer, 'confirm_email', { tenantId, account, to }, data);
      }
      await writeAuditEvent(trx, auditOwn('auth.email.change_requested', issuer, subject));
      return true;
    });
  };
}

/** `confirmEmail` and `confirmPortalEmail`. */
export function createConfirmEmail<A extends Account>(
  binding: PlatformBinding<A>,
): NonNullable<MutationResolvers['confirmEmail']> {
  return async (_parent, { input: { token, password } }, ctx) => {
    const issuer = binding.getIssuer();
    const found = await readInTenant(issuer.db, ctx.tenantId, (trx) =>
      findAccountToken(trx, issuer, token, 'confirm_email'),
    );
    if (!found) throw badToken();
    const proof = await findHolderProof(binding, ctx, found, password);
    if (!proof) return { verified: false, next: 'GIVE_PASSWORD', tokens: null };
    const wanted = { email: found.data.email ?? '', forId: found.account.id };
    await inTenant(issuer.db, ctx.tenantId, (trx) => confirm(trx, issuer, ctx, { token, proof, wanted }));
    return { verified: true, next: proof.by === 'session' ? 'NONE' : 'SIGN_IN', tokens: null };
  };
}

type Confirmation = { token: string; proof: HolderProof; wanted: { email: string; forId: string } };

/** Other sessions end: if one of them is a thief's, the change must not leave it in (the one that asked for it, or confirms it, stays). */
async function confirm<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { tenantId, client }: GraphqlContext,
  { token, proof, wanted }: Confirmation,
): Promise<void> {
  const { tables, now } = issuer;
  const locked = await lockWithOwnerOfEmail(trx, issuer, wanted);
  if (proof.by === 'session') await lockOwnSession(trx, issuer, proof.subject);
  const used = await useAccountToken(trx, issuer, token, 'confirm_email');
  const { email = '', session = '', since = '' } = used?.data ?? {};
  if (!used || !(await releaseEmail(trx, issuer, tenantId, locked))) throw badToken();
  const { account: earlier } = used;
  if (!(await setEmail(trx, tables, earlier.id, { email, isVerified: true }))) throw badToken();
  const account = { ...earlier, email, emailVerified: true };
  const except = proof.by === 'session' ? proof.subject.sessionId : session;
  const by = proof.by === 'session' ? 'owner' : 'mail';
  const endedSessions = await endSessionsOf(trx, tables, account.id, {
    reason: 'ended',
    now: now(),
    except,
    by,
  });
  await endTokensOfEarlierState(trx, issuer, account.id);
  // An address that nobody verified may be a stranger's: it gets no link that takes the account.
  if (earlier.emailVerified && issuer.mail) {
    await queueEmailChanged(trx, issuer, { tenantId, account, oldEmail: earlier.email, since });
  }
  const subject = proof.by === 'session' ? proof.subject : { tenantId, accountId: account.id, client };
  await writeAuditEvent(trx, auditOwn('auth.email.changed', issuer, subject, { ended: endedSessions }));
}
