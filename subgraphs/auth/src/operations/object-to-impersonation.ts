import { inTenant, writeAuditEvent } from '@signet/db';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import type { UserAccount } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import {
  endImpersonations,
  noteObjection,
  wasImpersonated,
} from '../impersonations/impersonation.queries.ts';
import type { PlatformBinding } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { lockOwnSession } from '../sessions/live-session.ts';

/**
 * `objectToImpersonation`: ends every impersonation of the customer, grants that were not used yet among them. A grant is made and used
 * while the customer's row is locked for it, so that none slips through beside this.
 *
 * @throws {RefusalError} input.id for somebody else's as for an unknown one; auth.failure.revoked
 */
export function createObjectToImpersonation({
  getIssuer,
  requireSubject,
}: PlatformBinding<UserAccount>): NonNullable<MutationResolvers['objectToImpersonation']> {
  return (_parent, { id: input }, ctx) => {
    const subject = requireSubject(ctx);
    const issuer = getIssuer();
    const id = readId('id', input);
    const { tenantId, accountId } = subject;
    return inTenant(issuer.db, tenantId, async (trx) => {
      await lockOwnSession(trx, issuer, subject);
      if (!(await wasImpersonated(trx, accountId, id))) {
        throw badInput('id', 'There was no such impersonation of your account.');
      }
      const now = issuer.now();
      const isNew = await noteObjection(trx, { accountId, id, now });
      const ended = await endImpersonations(trx, { accountId, reason: 'objection', by: accountId, now });
      const details = { impersonation: id, ended };
      if (isNew)
        await writeAuditEvent(trx, auditOwn('auth.impersonation.objected', issuer, subject, details));
      return true;
    });
  };
}
