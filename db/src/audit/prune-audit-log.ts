import type { Platform } from '@signet/schema/contract';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { HousekeepingJob } from '../housekeeping.ts';
import type { Database } from '../tables.ts';
import { auditKeyId } from './audit-keys.ts';
import {
  type AuditClass,
  type AuditPartition,
  auditRefusals,
  dropAuditPartition,
  listAuditPartitions,
} from './audit-partitions.ts';
import { listPrunings } from './audit-seals.queries.ts';
import { computePruningMac } from './audit-seals.ts';
import { type Cutoffs, findCoveringSeals, listExpired, type Position } from './prune-audit-log.queries.ts';

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
const dayMs = 86_400_000;
/** Before every row. */
const never = new Date(0);

/**
 * Removes audit rows whose time is over, and records which they were, a record for each seal that covers some. Where a whole table of a
 * month has expired, it is dropped. Rows are deleted one by one, the oldest first, where their kind expires before others of
 * their table, or where they are in none of a month.
 * A row that no seal covers stays, and its table with it: `audit verify` names it.
 */
export function pruneAuditLog(options: PruningOptions): HousekeepingJob {
  const tables = dropExpiredPartitions(options);
  const rows = deleteExpiredRows(options);
  return {
    name: 'auditEvents',
    async prune(db, most, signal) {
      const partitions = await listAuditPartitions(db, options.platform);
      const dropped = await tables(db, partitions, { most, signal });
      return dropped + (await rows(db, partitions, most));
    },
  };
}

/**
 * Records the rows of expired tables, in transactions of their own, and then drops each table at once. After a stop on the way the
 * table is begun again, and what is recorded is found.
 */
function dropExpiredPartitions(options: PruningOptions) {
  const { platform, retention } = options;
  return async (
    db: Kysely<Database>,
    partitions: readonly AuditPartition[],
    { most, signal }: { most: number; signal: AbortSignal | undefined },
  ): Promise<number> => {
    let dropped = 0;
    for (const partition of partitions) {
      if (partition.end > expiryOf(longestDays(retention, partition.class))) continue;
      const cutoffs = makeCutoffs(retention, (kind) =>
        classOf(kind) === partition.class ? partition.end : never,
      );
      let recorded = 0;
      let after: Position | undefined;
      do {
        if (signal?.aborted) return dropped;
        const batch = { cutoffs, from: partition.start, after, most };
        const done = await db.transaction().execute((trx) => recordBatch(trx, options, batch));
        recorded += done.ids.length;
        after = done.last;
      } while (after);
      if (await dropAuditPartition(db, platform, { ...partition, recorded })) dropped += recorded;
    }
    return dropped;
  };
}

function deleteExpiredRows(options: PruningOptions) {
  const { platform, retention } = options;
  // Where the next batch begins, or nowhere: rows that stay must not be in the way of those after them.
  let after: Position | undefined;
  return async (
    db: Kysely<Database>,
    partitions: readonly AuditPartition[],
    most: number,
  ): Promise<number> => {
    const cutoffs = makeCutoffs(retention, (kind) => findRowCutoff(retention, partitions, kind));
    let pruned = 0;
    for (let batch = 0; batch < maxBatches && pruned < most; batch++) {
      const from = { cutoffs, from: undefined, after, most: most - pruned };
      const done = await db.transaction().execute(async (trx) => {
        const recorded = await recordBatch(trx, options, from);
        await deleteRows(trx, platform, recorded.ids);
        return recorded;
      });
      after = done.last;
      if (!after) break;
      pruned += done.ids.length;
    }
    return pruned;
  };
}

/** `*` stands for every kind that is not named. */
function classOf(kind: string): AuditClass {
  return auditRefusals.includes(kind) ? 'refusals' : 'acts';
}

function daysOf(retention: AuditRetention, kind: string): number {
  return retention[kind] ?? retention['*'] ?? Number.POSITIVE_INFINITY;
}

/** Kinds that differ, each class with all that decide when a table of it has expired. */
function listKinds(retention: AuditRetention): string[] {
  return [...new Set([...auditRefusals, ...Object.keys(retention), '*'])];
}

function longestDays(retention: AuditRetention, ofClass: AuditClass): number {
  const kinds = listKinds(retention).filter((kind) => classOf(kind) === ofClass);
  return Math.max(...kinds.map((kind) => daysOf(retention, kind)));
}

function expiryOf(days: number): Date {
  return Number.isFinite(days) ? new Date(Date.now() - days * dayMs) : never;
}

function makeCutoffs(retention: AuditRetention, cutoffOf: (kind: string) => Date): Cutoffs {
  return new Map(listKinds(retention).map((kind) => [kind, cutoffOf(kind)]));
}

/** Rows of the kind from before this are deleted. A table whose kinds expire together waits until all of it has: at most a month longer. */
function findRowCutoff(retention: AuditRetention, partitions: readonly AuditPartition[], kind: string): Date {
  const days = daysOf(retention, kind);
  const expiry = expiryOf(days);
  const ofClass = classOf(kind);
  if (days < longestDays(retention, ofClass)) return expiry;
  const waiting = partitions.find((one) => one.class === ofClass && one.start <= expiry && expiry < one.end);
  return waiting?.start ?? expiry;
}

type Batch = { cutoffs: Cutoffs; from: Date | undefined; after: Position | undefined; most: number };

/** Records the next expired rows that seals cover, as far as they are not recorded yet; `ids` are all of those. */
async function recordBatch(
  trx: Transaction<Database>,
  { platform, key }: PruningOptions,
  batch: Batch,
): Promise<{ ids: string[]; last: Position | undefined }> {
  const expired = await listExpired(trx, { platform, ...batch });
  const [first] = expired;
  if (!first) return { ids: [], last: undefined };
  const search = { platform, ids: expired.map(({ id }) => id), since: first.happenedAt };
  const found = await findCoveringSeals(trx, search);
  if (found.length === 0) return { ids: [], last: expired.at(-1) };
  const earlier = await listPrunings(
    trx,
    platform,
    found.map(({ number }) => number),
  );
  const known = new Set(earlier.flatMap(({ event_ids }) => event_ids));
  const prunedAt = new Date();
  for (const { number, mac: sealMac, ids: covered } of found) {
    const ids = covered.filter((id) => !known.has(id));
    if (ids.length === 0) continue;
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
  return { ids: found.flatMap(({ ids }) => ids), last: expired.at(-1) };
}

async function deleteRows(
  trx: Transaction<Database>,
  platform: Platform,
  ids: readonly string[],
): Promise<void> {
  const { rows } = await sql<{ pruned: number }>`
    select ${sql.raw(`auth.prune_${platform}_audit_events`)}(${ids}::uuid[]) as pruned
  `.execute(trx);
  if (rows[0]?.pruned !== ids.length) {
    throw new Error(`${rows[0]?.pruned} of ${ids.length} expired audit rows could be deleted`);
  }
}
