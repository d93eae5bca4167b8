import type { Database } from '@signet/db';
import type { Platform, ReportNumber } from '@signet/schema/contract';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';

const reportNumber = z.object({
  sender: z.uuid(),
  number: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
});

/** The number of a report, from the query of its URL. Undefined where a gateway of the release before sends none. */
export function readReportNumber(query: unknown): ReportNumber | undefined | 'malformed' {
  const { sender, number } = (query ?? {}) as Record<string, unknown>;
  if (sender === undefined && number === undefined) return undefined;
  const { success, data } = reportNumber.safeParse({ sender, number });
  return success ? data : 'malformed';
}

/**
 * Notes that this report is taken in, in the transaction that does so. An attempt that comes while another one is under way waits for its end,
 * at whichever replica.
 *
 * @returns whether it is the first time. Always, without a number.
 */
export async function noteReport(
  db: Kysely<Database>,
  { platform, entrance }: { platform: Platform; entrance: string },
  report: ReportNumber | undefined,
): Promise<boolean> {
  if (!report) return true;
  const { numAffectedRows } = await sql`
    insert into auth.report_sender as r (platform, entrance, sender, last_number)
    values (${platform}, ${entrance}, ${report.sender}, ${report.number})
    on conflict (platform, entrance, sender) do update set last_number = excluded.last_number, seen_at = now()
      where r.last_number < excluded.last_number
  `.execute(db);
  return numAffectedRows === 1n;
}
