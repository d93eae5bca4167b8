import { requirePortalOrService } from '@signet/access';
import { type AuditEvent, type Database, writeAuditEvent } from '@signet/db';
import type { SubgraphAuditKind } from '@signet/schema/contract';
import { accountIdOf, auditedCaller, isImpersonated } from '@signet/session';
import type { Transaction } from 'kysely';
import type { SubgraphContext } from './define-subgraph.ts';

type Change = Pick<AuditEvent, 'subjectId' | 'details'> & { kind: SubgraphAuditKind };

/**
 * Records that a member of staff, a service account of the portal, or a member of staff as a customer changed something, in the
 * transaction of the change: both are committed, or neither is. The details say which (`caller`, `act`); the actor is who sits there. The subgraph's migrations must
 * have called `grantAuditing`. As in every row, details are ids, words and numbers of ours.
 *
 * @throws {RefusalError} for anyone else.
 */
export function auditChange(
  trx: Transaction<Database>,
  { session, tenantId, origin }: Pick<SubgraphContext, 'session' | 'tenantId' | 'origin'>,
  change: Change,
): Promise<void> {
  const caller = isImpersonated(session) ? session : requirePortalOrService(session);
  const who = isImpersonated(caller)
    ? { actorId: caller.actor.staffId, subjectId: caller.userId }
    : { actorId: accountIdOf(caller) };
  return writeAuditEvent(trx, {
    ...who,
    ...change,
    details: { ...change.details, ...auditedCaller(caller) },
    platform: 'portal',
    tenantId,
    sessionId: caller.sessionId,
    origin,
  });
}
