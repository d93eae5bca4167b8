import { type Database, inTenant, writeAuditEvent } from '@signet/db';
import { scopesOfImpersonated, scopesOfRole, scopesToImpersonate } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import { lockAccount } from '../accounts/account.queries.ts';
import type { UserAccount } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { addSeconds, toSeconds } from '../dates.ts';
import { type BegunImpersonation, hashGrant, useGrant } from '../impersonations/impersonation.queries.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import { requireOutbox } from '../mail/require-outbox.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { isVerificationWaived } from '../tokens/issue-tokens.ts';

/**
 * `beginImpersonation`: the portal's processes have no key of customers' tokens, so they give a grant, and this process, which has no
 * session of staff, exchanges it (docs/decisions/0053-impersonation.md). The database proves that the member's session lives; which scopes
 * the role has is judged here again.
 *
 * @throws {RefusalError} input.grant; authz.caller.deny with a token, so that nobody acts as somebody while acting as another;
 *   authz.permission.deny without mail, since the customer is told.
 */
export function createBeginImpersonation({
  getIssuer,
}: PlatformBinding<UserAccount>): NonNullable<MutationResolvers['beginImpersonation']> {
  return async (_parent, { input }, { session, tenantId, client }) => {
    if (session.platform !== 'none') {
      throw new RefusalError('authz.caller.deny', { text: 'Send no token with this: the grant is enough.' });
    }
    const issuer = getIssuer();
    requireOutbox(issuer);
    const grantHash = hashGrant(input.grant);
    if (!grantHash) throw badGrant();
    return inTenant(issuer.db, tenantId, async (trx) => {
      const begun = await useGrant(trx, grantHash, issuer.impersonationSeconds);
      if (!begun || !mayImpersonate(begun)) throw badGrant();
      const account = await lockAccount(trx, issuer.tables, begun.accountId);
      if (!account) throw badGrant();
      const event = { tenantId, accountId: account.id, sessionId: begun.id, client };
      const details = { class: begun.reason, act: begun.staffId };
      await writeAuditEvent(trx, auditOwn('auth.impersonation.begun', issuer, event, details));
      await tellCustomer(trx, issuer, { account, tenantId, begun });
      return sign(issuer, { account, tenantId, begun });
    });
  };
}

/** By the role that the member of staff has at this moment. */
function mayImpersonate({ role, reason }: BegunImpersonation): boolean {
  return scopesToImpersonate(reason).every((scope) => scopesOfRole[role].includes(scope));
}

type Begun = { account: UserAccount; tenantId: string; begun: BegunImpersonation };

/** In the transaction that holds the locks: nothing is signed for a session or an account that ended meanwhile. */
async function sign(issuer: PlatformIssuer<UserAccount>, { account, tenantId, begun }: Begun) {
  const { id, staffId, reason, begunAt } = begun;
  const issuedAt = issuer.now();
  const expiresIn = toSeconds(begun.expiresAt) - toSeconds(begunAt);
  const expiresAt = addSeconds(issuedAt, expiresIn);
  const waived = isVerificationWaived(issuer, account);
  const subject = { account, tenantId, impersonationId: id, staffId, reason, isVerificationWaived: waived };
  const accessToken = await issuer.signImpersonatedToken(subject, { issuedAt, expiresAt });
  return { id, accessToken, expiresIn, expiresAt, reason, scopes: [...scopesOfImpersonated(reason)] };
}

async function tellCustomer(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<UserAccount>,
  { account, tenantId, begun }: Begun,
): Promise<void> {
  const values = {
    at: begun.begunAt,
    until: begun.expiresAt,
    reason: `impersonation_${begun.reason}` as const,
    link: linkTo(issuer, 'account'),
  };
  await queueMail(trx, issuer, { tenantId, account, to: account.email, template: 'impersonation', values });
}

/** One refusal for all that can be wrong. */
function badGrant(): RefusalError {
  return badInput('grant', 'This grant is not valid any more. Ask for a new one.');
}
