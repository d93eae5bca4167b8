import type { Platform } from '@signet/schema/contract';
import { sql, type Transaction } from 'kysely';
import type { HousekeepingJob } from '../housekeeping.ts';
import type { Database } from '../tables.ts';
import { auditKeyId } from './audit-keys.ts';
import { computePruningMac } from './audit-seals.ts';
import { findCoveringSeals, listExpired, type Position } from './prune-audit-log.queries.ts';

/**
 * Days for which rows are kept, by kind; `*`: those of every kind that is not there, a subgraph's too. Without either, they are kept for
 * ever.
 */
export type AuditRetention = Readonly<Record<string, number>>;

type PruningOptions = {
  platform: Platform;
  /** The AUDIT_KEY in use. */
  key: Uint8Array;
  retention: AuditRetention;
};

/** A batch covers a day at most, so this many days of a backlog are done at a time; then housekeeping does its other jobs. */
const maxBatches = 50;

/**
 * Deletes audit rows whose time is over, the oldest first, and records which they were, a record for each seal that covers some.
 * A row that no seal covers stays: `audit verify` names it.
 */
export function pruneAuditLog(options: PruningOptions): HousekeepingJob {
  // Where the next batch begins, or nowhere: rows that stay must not be in the way of those after them.
  let after: Position | undefined;
  return {
    name: 'auditEvents',
    async prune(db, most) {
      let pruned = 0;
      for (let batch = 0; batch < maxBatches && pruned < most; batch++) {
        const done = await db
          .transaction()
          .execute((trx) => pruneBatch(trx, options, { after, most: most - pruned }));
        after = done.last;
        if (!after) break;
        pruned += done.pruned;
      }
      return pruned;
    },
  };
}

async function pruneBatch(
  trx: Transaction<Database>,
  { platform, key, retention }: PruningOptions,
  batch: { after: Position | undefined; most: number },
): Promise<{ pruned: number; last: Position | undefined }> {
  const expired = await listExpired(trx, { platform, retention, ...batch });
  const [first] = expired;
  if (!first) return { pruned: 0, last: undefined };
  const last = expired.at(-1);
  const search = { platform, ids: expired.map(({ id }) => id), since: first.happenedAt };
  const found = await findCoveringSeals(trx, search);
  const prunedAt = new Date();
  for (const { number, mac: sealMac, ids } of found) {
    await trx
      .insertInto('auth.audit_pruning')
      .values({
        platform,
        seal: number,
        pruned_at: prunedAt,
        event_ids: ids,
        mac: computePruningMac(key, { platform, seal: number, sealMac, prunedAt, ids }),
        key_id: auditKeyId(key),
      })
      .execute();
  }
  const ids = found.flatMap((seal) => seal.ids);
  const { rows } = await sql<{ pruned: number }>`
    select ${sql.raw(`auth.prune_${platform}_audit_events`)}(${ids}::uuid[]) as pruned
  `.execute(trx);
  if (rows[0]?.pruned !== ids.length) {
    throw new Error(`${rows[0]?.pruned} of ${ids.length} expired audit rows could be deleted`);
  }
  return { pruned: ids.length, last };
}
