import type { Database, HousekeepingJob } from '@signet/db';
import { otherUsage, type ReportedUsage } from '@signet/schema/contract';
import { type Kysely, sql, type Transaction } from 'kysely';

/**
 * Rows of an entrance and day. One of ours with some 700 fields and 30 clients has a few thousand; who holds an entrance's key can invent
 * names, and makes no more than these.
 */
export const maxRowsOfDay = 50_000;
/**
 * Rows of the client `other`, beside these: one for each field. Anybody can make many clients, and must not hide by it that
 * a field is asked for.
 */
export const maxRowsOfOther = 10_000;
/** What a browser's number holds. */
const maxCount = Number.MAX_SAFE_INTEGER;

/**
 * Adds to the sums of today. Where the day has too many rows, what would be a new one counts for the client `other`, and where that has too
 * many as well, for its field `other`.
 *
 * @returns how many of the reported rows found no place of their own
 */
export async function addUsage(
  trx: Transaction<Database>,
  entrance: string,
  usage: readonly ReportedUsage[],
  most = maxRowsOfDay,
  mostOfOther = maxRowsOfOther,
): Promise<number> {
  const { rows } = await sql<{ named: number; other: number }>`
    select count(*) filter (where not is_other)::integer as named, count(*) filter (where is_other)::integer as other
    from (
      select client = ${otherUsage} and version = '' as is_other
      from auth.field_usage where day = current_date and entrance = ${entrance}
    ) as of_day
  `.execute(trx);
  const left = { named: most - (rows[0]?.named ?? 0), other: mostOfOther - (rows[0]?.other ?? 0) };
  const isTight = Math.min(left.named, left.other) < usage.length;
  const known = isTight ? await findKnown(trx, entrance, [...usage, ...usage.map(asOther)]) : undefined;
  const mayStay = (row: ReportedUsage) => {
    if (!known || known.has(keyOf(row))) return true;
    // A client may call itself so, too, in many versions.
    const kind = row.client === otherUsage && row.version === '' ? 'other' : 'named';
    if (left[kind] <= 0) return false;
    left[kind] -= 1;
    known.add(keyOf(row));
    return true;
  };
  const sums = new Map<string, ReportedUsage>();
  let folded = 0;
  for (const row of usage) {
    const places = [row, asOther(row)];
    const kept = places.find(mayStay) ?? { ...asOther(row), coordinate: otherUsage };
    if (kept !== row) folded += 1;
    const sum = sums.get(keyOf(kept));
    sums.set(keyOf(kept), { ...kept, count: kept.count + (sum?.count ?? 0) });
  }
  // In one order: two replicas that add to the same rows must not wait for one another.
  const ordered = [...sums].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
  await insert(trx, entrance, ordered);
  return folded;
}

function asOther(row: ReportedUsage): ReportedUsage {
  return { ...row, client: otherUsage, version: '' };
}

function keyOf({ client, version, coordinate }: ReportedUsage): string {
  return `${client}\n${version}\n${coordinate}`;
}

async function findKnown(
  trx: Kysely<Database>,
  entrance: string,
  usage: readonly ReportedUsage[],
): Promise<Set<string>> {
  const { clients, versions, coordinates } = columnsOf(usage);
  const { rows } = await sql<ReportedUsage>`
    select u.client, u.version, u.coordinate, u.count from auth.field_usage u
    join unnest(${clients}::text[], ${versions}::text[], ${coordinates}::text[]) as asked (client, version, coordinate)
      using (client, version, coordinate)
    where u.day = current_date and u.entrance = ${entrance}
  `.execute(trx);
  return new Set(rows.map(keyOf));
}

async function insert(
  trx: Kysely<Database>,
  entrance: string,
  usage: readonly ReportedUsage[],
): Promise<void> {
  const { clients, versions, coordinates, counts } = columnsOf(usage);
  await sql`
    insert into auth.field_usage as u (day, entrance, client, version, coordinate, count)
    select current_date, ${entrance}, * from
      unnest(${clients}::text[], ${versions}::text[], ${coordinates}::text[], ${counts}::bigint[])
    on conflict (day, entrance, client, version, coordinate)
      do update set count = least(u.count + excluded.count, ${maxCount}::bigint)
  `.execute(trx);
}

function columnsOf(usage: readonly ReportedUsage[]) {
  return {
    clients: usage.map(({ client }) => client),
    versions: usage.map(({ version }) => version),
    coordinates: usage.map(({ coordinate }) => coordinate),
    counts: usage.map(({ count }) => count),
  };
}

/** Deletes days older than `days`. */
export function pruneUsage(days: number): HousekeepingJob {
  return {
    name: 'fieldUsage',
    async prune(db, most) {
      const { numAffectedRows = 0n } = await sql`
        delete from auth.field_usage where (day, entrance, client, version, coordinate) in (
          select day, entrance, client, version, coordinate from auth.field_usage
          where day < current_date - ${days}::integer limit ${most}::integer)
      `.execute(db);
      return Number(numAffectedRows);
    },
  };
}
