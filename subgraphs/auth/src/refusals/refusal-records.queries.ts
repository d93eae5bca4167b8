import type { Database, HousekeepingJob } from '@signet/db';
import type { Platform, RefusalCoverage, RefusalRecord } from '@signet/schema/contract';
import { type Kysely, sql, type Transaction } from 'kysely';

/** Rows that are kept of one caller: the newest. */
export const maxRecordsOfCaller = 100;
/** Rows that are kept of all callers with an account, and as many of strangers: at most some 400 MB. */
export const maxRecordsOfPlatform = 100_000;

/** A record with the tenant that it is about, and whose share it takes. */
export type OwnedRecord = { tenantId: string; caller: string; record: RefusalRecord };

/**
 * Writes records, those of each tenant under its row security. What the table does not take, such as a record of a tenant that is not there,
 * would come again for ever if it were refused: it is left out.
 *
 * @returns how many were written
 */
export async function insertRefusalRecords(
  trx: Transaction<Database>,
  { platform, entrance }: { platform: Platform; entrance: string },
  records: readonly OwnedRecord[],
): Promise<number> {
  let written = 0;
  for (const [tenantId, own] of Map.groupBy(records, (one) => one.tenantId)) {
    await sql`select set_config('app.tenant', ${tenantId}, true)`.execute(trx);
    const insert = (rows: readonly OwnedRecord[]) =>
      trx
        .insertInto('auth.refusal_record')
        .values(rows.map((one) => ({ platform, entrance, ...toRow(one) })))
        .execute();
    written += await insertWhatFits(trx, own, insert);
  }
  return written;
}

/** All at once, and where that is refused, each by itself. */
async function insertWhatFits(
  trx: Transaction<Database>,
  records: readonly OwnedRecord[],
  insert: (rows: readonly OwnedRecord[]) => Promise<unknown>,
): Promise<number> {
  await sql`savepoint before_records`.execute(trx);
  try {
    await insert(records);
    await sql`release savepoint before_records`.execute(trx);
    return records.length;
  } catch (error) {
    if (!isMisfit(error)) throw error;
    await sql`rollback to savepoint before_records`.execute(trx);
    if (records.length === 1) return 0;
    let written = 0;
    for (const record of records) written += await insertWhatFits(trx, [record], insert);
    return written;
  }
}

/** SQLSTATE: an integrity constraint, or a value or policy that does not let the row in. */
function isMisfit(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^(22|23|42501)/.test(code);
}

function toRow({ tenantId, caller, record }: OwnedRecord) {
  const { requestId, at, status, account, caller: kind, act, tenant: _, tenantId: __, ...details } = record;
  // A missing token is left out of lists: it must not stand for what else was refused.
  const first =
    record.refusals.find(({ reason }) => reason !== 'auth.failure.missing_token') ?? record.refusals[0];
  return {
    tenant_id: tenantId,
    request_id: requestId,
    happened_at: new Date(at),
    caller,
    account_id: account?.id ?? null,
    caller_kind: kind === 'person' ? null : (kind ?? null),
    act_id: act ?? null,
    status,
    reason: first?.reason ?? first?.code ?? 'none',
    details: JSON.stringify(details),
  };
}

/** Counts records for which there was no room since a time. */
export async function countLeftOut(
  db: Kysely<Database>,
  platform: Platform,
  { count, since }: { count: number; since: Date },
): Promise<void> {
  await sql`
    select ${sql.raw(`auth.count_${platform}_refusals_left_out`)}(${count}::integer, ${since}::timestamptz)
  `.execute(db);
}

/** Notes up to when a process of a gateway has reported all that it refused. */
export async function noteReporter(
  db: Kysely<Database>,
  { platform, entrance }: { platform: Platform; entrance: string },
  { source, since, until, isLast }: RefusalCoverage,
): Promise<void> {
  await sql`
    select ${sql.raw(`auth.note_${platform}_refusal_reporter`)}(
      ${source}::uuid, ${entrance}, ${new Date(since)}::timestamptz, ${new Date(until)}::timestamptz, ${isLast}::boolean)
  `.execute(db);
}

type Bounds = { days: number; perCaller?: number; most?: number };

/** Deletes records that are too old or too many. One replica at a time. */
export async function trimRefusalRecords(
  db: Kysely<Database>,
  platform: Platform,
  { days, perCaller = maxRecordsOfCaller, most = maxRecordsOfPlatform }: Bounds,
): Promise<number> {
  const { rows } = await sql<{ gone: number }>`
    select ${sql.raw(`auth.trim_${platform}_refusal_records`)}(${days}::integer, ${perCaller}::integer, ${most}::integer) as gone
  `.execute(db);
  return rows[0]?.gone ?? 0;
}

/** The same for an installation in which nothing is refused any more. */
export function pruneRefusalRecords(platform: Platform, days: number): HousekeepingJob {
  return {
    name: 'refusalRecords',
    // In one call: housekeeping goes on for as long as a full batch comes back.
    prune: async (db, most) => Math.min(most - 1, await trimRefusalRecords(db, platform, { days })),
  };
}
