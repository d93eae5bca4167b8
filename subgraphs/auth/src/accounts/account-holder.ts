import { inTenant, writeAuditEvent } from '@signet/db';
import { badInput } from '@signet/service';
import { auditOwn } from '../audit/audit-events.ts';
import type { GraphqlContext } from '../context.ts';
import type { PlatformBinding, SessionSubject } from '../platform-issuer.ts';
import { runAttempt } from '../throttle/attempt.ts';
import type { AccountWithPassword } from './account.queries.ts';
import type { Account } from './account.ts';

/** How somebody with a link has shown that the account is theirs: by a session of it, or by its password. */
export type HolderProof = { by: 'session'; subject: SessionSubject } | { by: 'password' };

/**
 * A link proves that somebody reads a mailbox, not that the account is theirs: a stranger may have made it, or may want the address. So
 * before an address counts for an account, both must be one person's. Whether the session still lives is for the transaction to say.
 *
 * @returns undefined without a session of the account and without a password.
 * @throws {RefusalError} input.password for a wrong one, auth.throttled
 */
export async function findHolderProof<A extends Account>(
  { platform, getIssuer, requireSubject }: PlatformBinding<A>,
  ctx: GraphqlContext,
  { account, password: stored }: AccountWithPassword<A>,
  password: string | null | undefined,
): Promise<HolderProof | undefined> {
  if (ctx.session.platform === platform) {
    const subject = requireSubject(ctx);
    if (subject.accountId === account.id) return { by: 'session', subject };
  }
  if (!password) return undefined;
  const issuer = getIssuer();
  const { tenantId, client } = ctx;
  await runAttempt(await issuer.throttle.beginChange(account.id), async (markWrong) => {
    if (await issuer.passwords.verify(password, stored, account.id)) return;
    markWrong();
    const event = auditOwn('auth.password.change_failure', issuer, {
      tenantId,
      accountId: account.id,
      client,
    });
    await inTenant(issuer.db, tenantId, (trx) => writeAuditEvent(trx, event));
    throw badInput('password', 'This is not the password of the account.');
  });
  return { by: 'password' };
}
