import type { Database } from '@signet/db';
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
  session_ref: string | null;
  address: string | null;
  request_id: string | null;
  details: Record<string, unknown>;
};

export type AuditFilter = {
  kind?: string | undefined;
  actorId?: string | undefined;
  subjectId?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
};

const nobody = { actor_id: null, subject_id: null, session_ref: null, address: null, request_id: null };
const columns = sql`id, happened_at, (extract(epoch from happened_at) * 1000000)::bigint as happened_microseconds, kind, platform`;

/**
 * Rows of the tenant and, since they concern every tenant, those about signing keys. Latest first. Where there is a next page,
 * the result has one row more than this page. `happened_microseconds` since 1970: a Date would round what cursors must compare.
 */
export async function findAuditPage(
  trx: Transaction<Database>,
  filter: AuditFilter,
  page: PageRequest<number>,
): Promise<AuditEventRow[]> {
  const own = await findTenantEvents(trx, filter, page);
  const ofKeys = mayBeOfKeys(filter) ? await findKeyEvents(trx, filter, page) : [];
  return [...own, ...ofKeys].sort(byLatest).slice(0, page.first + 1);
}

/** Compares as the cursor does: ids of one moment by their text, which for UUIDs is the order of the database. */
function byLatest(a: AuditEventRow, b: AuditEventRow): number {
  return b.happened_microseconds - a.happened_microseconds || (b.id < a.id ? -1 : 1);
}

/** Each of the filters has an index in this order. */
async function findTenantEvents(
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
  if (after) conditions.push(sql`(happened_at, id) < (${instantOf(after.key)}, ${after.id}::uuid)`);
  const where = conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``;
  const { rows } = await sql<AuditEventRow>`
    select ${columns}, actor_id, subject_id, session_ref, host(address) as address, request_id, details
    from auth.audit_event ${where}
    order by happened_at desc, id desc limit ${first + 1}
  `.execute(trx);
  return rows;
}

/** Events of keys have neither an actor nor a subject. */
function mayBeOfKeys({ kind, actorId, subjectId }: AuditFilter): boolean {
  return actorId === undefined && subjectId === undefined && (kind?.startsWith('auth.key.') ?? true);
}

async function findKeyEvents(
  trx: Transaction<Database>,
  { kind, since, until }: AuditFilter,
  { first, after }: PageRequest<number>,
): Promise<AuditEventRow[]> {
  const { rows } = await sql<Omit<AuditEventRow, keyof typeof nobody>>`
    select ${columns}, details
    from auth.key_events(${first + 1}, ${kind ?? null}, ${since ?? null}, ${until ?? null},
      ${after ? instantOf(after.key) : null}, ${after?.id ?? null})
  `.execute(trx);
  return rows.map((row) => ({ ...row, ...nobody }));
}

/** Microseconds since 1970. */
function instantOf(microseconds: number): RawBuilder<Date> {
  return sql`timestamptz 'epoch' + ${microseconds}::double precision * interval '1 microsecond'`;
}
