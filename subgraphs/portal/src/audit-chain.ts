import { requirePortal } from '@signet/access';
import { type Database, readInTenant } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type {
  AuditChain,
  AuditChainState,
  MutationResolvers,
  QueryResolvers,
} from './resolvers.generated.ts';
import { inStaffTransaction } from './staff-transaction.ts';

export const auditChains: NonNullable<QueryResolvers['auditChains']> = (_parent, _args, ctx) => {
  requirePortal(ctx.session, 'audit:read');
  return readInTenant(ctx.db, ctx.tenantId, findChains);
};

/** The process of the platform looks for it every two seconds: portal has no key. */
export const verifyAuditLog: NonNullable<MutationResolvers['verifyAuditLog']> = (_parent, _args, ctx) =>
  inStaffTransaction(ctx, 'audit:read', async (trx) => {
    await trx
      .updateTable('auth.audit_verification')
      .set({ requested_at: sql<Date>`now()` })
      // One that runs counts for all who ask meanwhile.
      .where(sql<boolean>`started_at is null or finished_at >= started_at`)
      .execute();
    return findChains(trx);
  });

type ChainRow = {
  platform: string;
  number: number | null;
  sealed_at: Date | null;
  key_id: string | null;
  waiting: number;
  oldest_waiting: Date | null;
  is_verifying: boolean;
  started_at: Date | null;
  finished_at: Date | null;
  seals: number | null;
  events: number | null;
  pruned: number | null;
  complete_from: number | null;
  fault_count: number | null;
  faults: string[] | null;
  missing_keys: string[] | null;
};

async function findChains(trx: Transaction<Database>): Promise<AuditChain[]> {
  const { rows } = await sql<ChainRow>`
    select c.*, v.started_at, v.finished_at, v.seals, v.events, v.pruned, v.complete_from, v.fault_count, v.faults, v.missing_keys,
      coalesce(v.requested_at > v.finished_at, false) or coalesce(v.started_at > v.finished_at, true) as is_verifying
    from auth.audit_chains() c join auth.audit_verification v using (platform) order by c.platform desc
  `.execute(trx);
  return rows.map((row) => ({
    side: row.platform,
    state: stateOf(row),
    lastSeal: row.number,
    sealedAt: row.sealed_at,
    keyId: row.key_id,
    waiting: row.waiting,
    oldestWaitingAt: row.oldest_waiting,
    isVerifying: row.is_verifying,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    seals: row.seals,
    events: row.events,
    pruned: row.pruned,
    completeFrom: row.complete_from,
    faultCount: row.fault_count ?? 0,
    faults: row.faults ?? [],
    missingKeys: row.missing_keys ?? [],
  }));
}

/** A seal under a key that is not there is a fault as well: each is one, and the text names it. */
function stateOf({ finished_at, fault_count, faults, missing_keys }: ChainRow): AuditChainState {
  if (finished_at === null) return 'NOT_VERIFIED';
  if (!fault_count) return 'INTACT';
  const isOfKeys = (fault: string) => (missing_keys ?? []).some((key) => fault.includes(key));
  return fault_count === faults?.length && faults.every(isOfKeys) ? 'UNCHECKED' : 'BROKEN';
}
