import type { Database } from '@signet/db';
import type { Platform, ReportNumber } from '@signet/schema/contract';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';

const reportNumber = z.object({
  sender: z.uuid(),
  number: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
});

/** Far more than the gateways that report at an entrance in a day, each with three streams of reports. */
const maxSenders = 1000;
/** Deleted at a time, of what came in excess before there was a limit. */
const trimBatch = 100;

/** The number of a report, from the query of its URL. Undefined where a gateway of the release before sends none. */
export function readReportNumber(query: unknown): ReportNumber | undefined | 'malformed' {
  const { sender, number } = (query ?? {}) as Record<string, unknown>;
  if (sender === undefined && number === undefined) return undefined;
  const { success, data } = reportNumber.safeParse({ sender, number });
  return success ? data : 'malformed';
}

/**
 * Notes that this report is taken in, in the transaction that does so. An attempt that comes while another one is under way waits for its end,
 * at whichever replica. Whoever has an entrance's key names its senders: of many names, those that reported last are remembered.
 *
 * @returns whether it is the first time. Always, without a number.
 */
export async function noteReport(
  db: Kysely<Database>,
  source: { platform: Platform; entrance: string },
  report: ReportNumber | undefined,
): Promise<boolean> {
  if (!report) return true;
  const { rows } = await sql<{ isNew: boolean }>`
    insert into auth.report_sender as r (platform, entrance, sender, last_number)
    values (${source.platform}, ${source.entrance}, ${report.sender}, ${report.number})
    on conflict (platform, entrance, sender) do update set last_number = excluded.last_number, seen_at = now()
      where r.last_number < excluded.last_number
    returning old.last_number is null as "isNew"
  `.execute(db);
  const [taken] = rows;
  if (taken?.isNew) await forgetSenders(db, source);
  return taken !== undefined;
}

/**
 * Those beyond the limit alone are locked, and none is waited for: senders of reports under way would be in one another's way. Arrays, so that
 * PostgreSQL works each list out once, whatever it knows of the table.
 */
async function forgetSenders(
  db: Kysely<Database>,
  { platform, entrance }: { platform: Platform; entrance: string },
): Promise<void> {
  const ofEntrance = sql`platform = ${platform} and entrance = ${entrance}`;
  await sql`
    delete from auth.report_sender where ${ofEntrance} and sender = any(array(
      select sender from auth.report_sender where ${ofEntrance} and sender = any(array(
        select sender from auth.report_sender where ${ofEntrance}
        order by seen_at desc offset ${maxSenders} limit ${trimBatch}
      ))
      for update skip locked
    ))
  `.execute(db);
}
