import { requirePortal } from '@signet/access';
import { type AuditEvent, type Database, writeAuditEvent } from '@signet/db';
import type { SubgraphAuditKind } from '@signet/schema/contract';
import type { Transaction } from 'kysely';
import type { SubgraphContext } from './define-subgraph.ts';

type Change = Pick<AuditEvent, 'subjectId' | 'details'> & { kind: SubgraphAuditKind };

/**
 * Records that a member of staff changed something, in the transaction of the change: both are committed, or neither is. The
 * subgraph's migrations must have called `grantAuditing`. As in every row, details are ids, words and numbers of ours.
 *
 * @throws {RefusalError} for anyone but staff.
 */
export function auditChange(
  trx: Transaction<Database>,
  { session, tenantId, origin }: Pick<SubgraphContext, 'session' | 'tenantId' | 'origin'>,
  change: Change,
): Promise<void> {
  const { staffId: actorId, sessionId } = requirePortal(session);
  return writeAuditEvent(trx, { ...change, platform: 'portal', tenantId, actorId, sessionId, origin });
}
