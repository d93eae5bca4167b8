import type { Database } from '@signet/db';
import type { RefusalRecord } from '@signet/schema/contract';
import type { PageRequest } from '@signet/subgraph';
import { type RawBuilder, sql, type Transaction } from 'kysely';

type Details = Omit<RefusalRecord, 'requestId' | 'at' | 'status' | 'account' | 'caller' | 'act' | 'tenant'>;

export type RefusalRow = {
  id: string;
  platform: 'user' | 'portal';
  request_id: string;
  happened_at: Date;
  happened_microseconds: number;
  entrance: string;
  account_id: string | null;
  caller_kind: string | null;
  act_id: string | null;
  status: number;
  reason: string;
  details: Details;
};

/** Who asks: refusals of other members of staff and of the portal's services are for those who may read the audit log. */
export type RefusalReader = { staffId: string; mayReadAudit: boolean };

const columns = sql`id, platform, request_id, happened_at, (extract(epoch from happened_at) * 1000000)::bigint as happened_microseconds,
  entrance, account_id, caller_kind, act_id, status, reason, details`;
/** A proxy's id may stand for many requests. */
const mostOfOneId = 10;

export async function findRefusalsOf(
  trx: Transaction<Database>,
  requestId: string,
): Promise<readonly RefusalRow[]> {
  const { rows } = await sql<RefusalRow>`
    select ${columns} from auth.refusal_record where request_id = ${requestId}
    order by happened_at desc, id desc limit ${mostOfOneId}
  `.execute(trx);
  return rows;
}

export type KeptRefusals = {
  since: Date;
  now: Date;
  isLeftOut: boolean;
  /** Whether every gateway has reported what it refused at that time. */
  isReported: boolean;
};

/**
 * Whether all that was refused at a time was kept. A request is recorded when it is answered, which may be a minute later. A gateway reports
 * up to when nothing waits in it about every ten seconds; one that has stopped in between without saying so, or cannot be heard, is in doubt
 * for the next hour.
 */
export async function findKept(trx: Transaction<Database>, at: Date | undefined): Promise<KeptRefusals> {
  const { rows } = await sql<{ since: Date; now: Date; is_left_out: boolean; is_reported: boolean }>`
    with asked as (select ${at ?? null}::timestamptz as at)
    select max(k.since) as since, now() as now, exists (
      select from auth.refusals_left_out l, asked
      where l.minute between date_trunc('minute', asked.at) and asked.at + interval '2 minutes'
    ) as is_left_out, exists (
      select from auth.refusal_reporter r, asked where r.since <= asked.at and r.until >= asked.at
    ) and not exists (
      select from auth.refusal_reporter p, asked
      where not p.is_over and p.until > asked.at - interval '1 day' and p.since <= asked.at
        and not exists (
          select from auth.refusal_reporter r
          where r.platform = p.platform and r.since <= asked.at and r.until >= asked.at
        )
    ) and not exists (
      select from auth.refusal_reporter r, asked
      where not r.is_over and r.since <= asked.at + interval '1 minute' and asked.at < r.until + interval '1 hour'
        and r.until < greatest(asked.at, least(asked.at + interval '1 minute', now() - interval '20 seconds'))
    ) as is_reported from auth.refusals_kept k
  `.execute(trx);
  const [row] = rows;
  if (!row) return { since: new Date(), now: new Date(), isLeftOut: true, isReported: false };
  return { since: row.since, now: row.now, isLeftOut: row.is_left_out, isReported: row.is_reported };
}

export type RefusalPageFilter = {
  reason?: string | undefined;
  exceptReasons: readonly string[];
  accountId?: string | undefined;
};

/** The latest first. Where there is a next page, one row more than this page. */
export async function findRefusalPage(
  trx: Transaction<Database>,
  reader: RefusalReader,
  { reason, exceptReasons, accountId }: RefusalPageFilter,
  { first, after }: PageRequest<number>,
): Promise<RefusalRow[]> {
  const conditions: RawBuilder<unknown>[] = [visibleTo(reader)];
  if (reason !== undefined) conditions.push(sql`reason = ${reason}`);
  if (exceptReasons.length > 0) conditions.push(sql`reason <> all(${exceptReasons}::text[])`);
  if (accountId !== undefined) conditions.push(sql`account_id = ${accountId}`);
  if (after)
    conditions.push(
      sql`(happened_at, id) < (timestamptz 'epoch' + ${after.key}::double precision * interval '1 microsecond', ${after.id}::uuid)`,
    );
  const { rows } = await sql<RefusalRow>`
    select ${columns} from auth.refusal_record where ${sql.join(conditions, sql` and `)}
    order by happened_at desc, id desc limit ${first + 1}
  `.execute(trx);
  return rows;
}

export async function countReasons(
  trx: Transaction<Database>,
  reader: RefusalReader,
): Promise<{ reason: string; count: number }[]> {
  const { rows } = await sql<{ reason: string; count: number }>`
    select reason, count(*)::integer as count from auth.refusal_record
    where happened_at > now() - interval '1 day' and ${visibleTo(reader)}
    group by reason order by count(*) desc, reason limit 20
  `.execute(trx);
  return rows;
}

function visibleTo({ staffId, mayReadAudit }: RefusalReader): RawBuilder<unknown> {
  return mayReadAudit
    ? sql`true`
    : sql`(platform = 'user' or account_id is null or account_id = ${staffId}::uuid)`;
}

export function isVisibleTo(row: RefusalRow, { staffId, mayReadAudit }: RefusalReader): boolean {
  return mayReadAudit || row.platform === 'user' || row.account_id === null || row.account_id === staffId;
}
