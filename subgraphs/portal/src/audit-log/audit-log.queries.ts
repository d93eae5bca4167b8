import type { Database } from '@signet/db';
import type { AuditKind } from '@signet/schema/contract';
import type { PageRequest } from '@signet/subgraph';
import { type RawBuilder, sql, type Transaction } from 'kysely';

export type AuditEventRow = {
  id: string;
  happened_at: Date;
  happened_microseconds: number;
  kind: string;
  platform: string;
  actor_id: string | null;
  subject_id: string | null;
  session_id: string | null;
  address: string | null;
  request_id: string | null;
  details: Record<string, unknown>;
};

export type AuditFilter = {
  kind?: AuditKind | undefined;
  actorId?: string | undefined;
  subjectId?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
};

/**
 * Latest first; one row more than the page where there is a next one. An index serves each of the filters in this order.
 * `happened_microseconds` since 1970: a Date would round what cursors must compare.
 */
export async function findAuditPage(
  trx: Transaction<Database>,
  { kind, actorId, subjectId, since, until }: AuditFilter,
  { first, after }: PageRequest<number>,
): Promise<AuditEventRow[]> {
  const conditions: RawBuilder<unknown>[] = [];
  if (kind !== undefined) conditions.push(sql`kind = ${kind}`);
  if (actorId !== undefined) conditions.push(sql`actor_id = ${actorId}`);
  if (subjectId !== undefined) conditions.push(sql`subject_id = ${subjectId}`);
  if (since) conditions.push(sql`happened_at >= ${since}`);
  if (until) conditions.push(sql`happened_at < ${until}`);
  if (after) {
    conditions.push(
      sql`(happened_at, id) < (timestamptz 'epoch' + ${after.key}::double precision * interval '1 microsecond', ${after.id}::uuid)`,
    );
  }
  const where = conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``;
  const { rows } = await sql<AuditEventRow>`
    select id, happened_at, (extract(epoch from happened_at) * 1000000)::bigint as happened_microseconds, kind, platform,
      actor_id, subject_id, session_id, host(address) as address, request_id, details
    from auth.audit_event ${where}
    order by happened_at desc, id desc limit ${first + 1}
  `.execute(trx);
  return rows;
}
