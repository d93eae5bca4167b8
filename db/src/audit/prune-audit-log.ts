import { type AuditKind, auditKinds, type Platform } from '@signet/schema/contract';
import { sql, type Transaction } from 'kysely';
import type { HousekeepingJob } from '../housekeeping.ts';
import type { Database } from '../tables.ts';
import { computePruningMac } from './audit-seals.ts';

type Trx = Transaction<Database>;

/** Days for which rows of a kind are kept. A kind that is not there is kept for ever. */
export type AuditRetention = ReadonlyMap<AuditKind, number>;

type PruningOptions = {
  platform: Platform;
  /** AUDIT_KEY. */
  key: Uint8Array;
  retention: AuditRetention;
};

type ExpiredEvent = { id: string; happened_at: Date };

/** A row is sealed within seconds, or when an auth process runs again. Beyond this time all later seals are searched. */
const usualSealingSeconds = 86_400;

/**
 * Deletes audit rows whose time is over, the oldest of each kind first, and records which they were, a record for each seal that
 * covers some. A row that no seal covers stays: `audit verify` names it.
 */
export function pruneAuditLog(options: PruningOptions): HousekeepingJob {
  return {
    name: 'auditEvents',
    prune: (db, most) =>
      db.transaction().execute(async (trx) => {
        const expired = await listExpired(trx, options, most);
        return expired.length === 0 ? 0 : pruneEvents(trx, options, expired);
      }),
  };
}

async function listExpired(
  trx: Trx,
  { platform, retention }: PruningOptions,
  most: number,
): Promise<ExpiredEvent[]> {
  const expired: ExpiredEvent[] = [];
  for (const kind of auditKinds) {
    const days = retention.get(kind);
    if (days === undefined || expired.length >= most) continue;
    const { rows } = await sql<ExpiredEvent>`
      select id, happened_at from auth.audit_event
      where platform = ${platform} and kind = ${kind} and happened_at < now() - make_interval(days => ${days})
      order by happened_at limit ${most - expired.length}
    `.execute(trx);
    expired.push(...rows);
  }
  return expired;
}

async function pruneEvents(
  trx: Trx,
  { platform, key }: PruningOptions,
  expired: readonly ExpiredEvent[],
): Promise<number> {
  const times = expired.map(({ happened_at }) => happened_at.getTime());
  const search = { platform, ids: expired.map(({ id }) => id), since: new Date(Math.min(...times) - 60_000) };
  const until = new Date(Math.max(...times) + usualSealingSeconds * 1000);
  const found = await findCoveringSeals(trx, { ...search, until });
  const covered = new Set(found.flatMap(({ ids }) => ids));
  const late = search.ids.filter((id) => !covered.has(id));
  if (late.length > 0) found.push(...(await findCoveringSeals(trx, { ...search, ids: late })));

  const prunedAt = new Date();
  for (const { number, mac: sealMac, ids } of mergeBySeal(found)) {
    await trx
      .insertInto('auth.audit_pruning')
      .values({
        platform,
        seal: number,
        pruned_at: prunedAt,
        event_ids: ids,
        mac: computePruningMac(key, { platform, seal: number, sealMac, prunedAt, ids }),
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
  return ids.length;
}

type CoveringSeal = { number: number; mac: Buffer; ids: string[] };

/** The seals that cover some of the rows, each with those that it covers. */
async function findCoveringSeals(
  trx: Trx,
  { platform, ids, since, until }: { platform: Platform; ids: readonly string[]; since: Date; until?: Date },
): Promise<CoveringSeal[]> {
  const { rows } = await sql<CoveringSeal>`
    select number, mac, array(select e from unnest(event_ids) e where e = any(${ids}::uuid[]) order by e) as ids
    from auth.audit_seal
    where platform = ${platform} and event_ids && ${ids}::uuid[]
      and sealed_at >= ${since} and sealed_at < ${until ?? sql`'infinity'`}
    order by number
  `.execute(trx);
  return rows;
}

function mergeBySeal(found: readonly CoveringSeal[]): CoveringSeal[] {
  const seals = new Map<number, CoveringSeal>();
  for (const seal of found) {
    const known = seals.get(seal.number);
    seals.set(seal.number, known ? { ...seal, ids: [...known.ids, ...seal.ids].sort() } : seal);
  }
  return [...seals.values()];
}
