import type { Platform } from '@signet/schema/contract';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../tables.ts';

type Trx = Transaction<Database>;

/** A row's place in the order of pruning. `happenedAt` is PostgreSQL's text: a Date has no microseconds. */
export type Position = { id: string; happenedAt: string };

/** Rows from before these moments, by kind; `*`: every kind that is not there. */
export type Cutoffs = ReadonlyMap<string, Date>;

type Expired = {
  platform: Platform;
  cutoffs: Cutoffs;
  /** No row from before this. */
  from: Date | undefined;
  after: Position | undefined;
  most: number;
};

/**
 * The oldest sealed rows whose time is over, of a day at most, so that the search for their seals is short. Each kind is found by its
 * index (`present` jumps from one to the next): a log may hold a million rows of a kind that is kept.
 */
export async function listExpired(
  trx: Trx,
  { platform, cutoffs, from, after, most }: Expired,
): Promise<Position[]> {
  const isAfter = after
    ? sql`(happened_at, id) > (${after.happenedAt}::timestamptz, ${after.id}::uuid)`
    : sql`true`;
  const isInTime = from ? sql`happened_at >= ${from}` : sql`true`;
  const { rows } = await sql<Position>`
    with recursive present (kind) as (
      (select kind from auth.audit_event where platform = ${platform} order by kind limit 1)
      union all
      select (
        select kind from auth.audit_event where platform = ${platform} and kind > present.kind order by kind limit 1
      ) from present where present.kind is not null
    ), kept (kind, cutoff) as (
      select kind, coalesce(cutoffs ->> kind, cutoffs ->> '*')::timestamptz
      from present, (select ${JSON.stringify(Object.fromEntries(cutoffs))}::jsonb) as setting (cutoffs)
    ), expired as (
      select event.* from kept cross join lateral (
        select id, happened_at from auth.audit_event
        where platform = ${platform} and kind = kept.kind and happened_at < kept.cutoff
          and ${isInTime} and ${isAfter} and not exists (select from auth.audit_pending where event_id = id)
        order by happened_at, id limit ${most}
      ) as event order by happened_at, id limit ${most}
    )
    select id, happened_at::text as "happenedAt" from expired
    where happened_at < (select min(happened_at) from expired) + interval '1 day'
    order by happened_at, id
  `.execute(trx);
  return rows;
}

export type CoveringSeal = { number: number; mac: Buffer; ids: string[] };

/** A statement over this many takes less than a second, and a log has 86,400 seals a day at most. */
const sealsAtOnce = 50_000;
/** The day of the rows, and one more. While no process seals there are no seals, so a row that waited long is found too. */
const maxSearches = 4;
/** Clocks differ: a seal has the time of a process, a row that of the database. */
const clockSlack = '1 minute';

/** The seals that cover some of the rows, each with those that it covers. `since`: when the oldest of the rows was written. */
export async function findCoveringSeals(
  trx: Trx,
  { platform, ids, since }: { platform: Platform; ids: readonly string[]; since: string },
): Promise<CoveringSeal[]> {
  const first = await sql<{ number: number }>`
    select number from auth.audit_seal
    where platform = ${platform} and sealed_at >= ${since}::timestamptz - ${clockSlack}::interval
    order by sealed_at, number limit 1
  `.execute(trx);
  const start = first.rows[0]?.number;
  if (start === undefined) return [];
  const found: CoveringSeal[] = [];
  let left = ids.length;
  for (let search = 0; search < maxSearches && left > 0; search++) {
    const from = start + search * sealsAtOnce;
    const { rows } = await sql<CoveringSeal>`
      select number, mac, array_agg(covered order by covered) as ids
      from auth.audit_seal cross join lateral unnest(event_ids) as covered
      where platform = ${platform} and number >= ${from} and number < ${from + sealsAtOnce} and covered = any(${ids}::uuid[])
      group by platform, number order by number
    `.execute(trx);
    found.push(...rows);
    left -= rows.reduce((sum, seal) => sum + seal.ids.length, 0);
  }
  return found;
}
