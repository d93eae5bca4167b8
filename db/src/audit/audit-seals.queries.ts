import type { Platform } from '@signet/schema/contract';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { AuditPruningTable, AuditSealTable, Database } from '../tables.ts';
import { digestEvent, type SealedEvent, type SealReference } from './audit-seals.ts';

type Trx = Transaction<Database>;

/** Every column of a row as one text, the same on every connection: times in microseconds since 1970, jsonb by its own order. */
const canonicalEvent = sql<string>`jsonb_build_array(
  id, tenant_id, (extract(epoch from happened_at) * 1000000)::bigint, kind, platform, actor_id, subject_id, session_id,
  host(address), request_id, details)::text`;

/** False while another replica holds the lock. Held until the transaction ends. */
export async function tryLockSealing(trx: Trx, platform: Platform): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${`signet audit seal ${platform}`}, 0)) as locked
  `.execute(trx);
  return rows[0]?.locked === true;
}

export async function findLastSeal(trx: Trx, platform: Platform): Promise<AuditSealTable | undefined> {
  return trx
    .selectFrom('auth.audit_seal')
    .selectAll()
    .where('platform', '=', platform)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Whether the seal is there as it was made. */
export async function isSealThere(trx: Trx, { platform, number, mac }: SealReference): Promise<boolean> {
  const row = await trx
    .selectFrom('auth.audit_seal')
    .select('mac')
    .where('platform', '=', platform)
    .where('number', '=', number)
    .executeTakeFirst();
  return row?.mac.toString('hex') === mac;
}

/** Has the whole chain verified soon (`verifyIfDue`). `missed`: a seal that must be there. */
export async function demandVerification(
  trx: Trx,
  platform: Platform,
  missed: SealReference | undefined,
): Promise<void> {
  await trx
    .updateTable('auth.audit_verification')
    .set({ started_at: null })
    .where('platform', '=', platform)
    .execute();
  if (!missed) return;
  await trx
    .updateTable('auth.audit_verification')
    .set({ last_seal: missed.number, last_mac: Buffer.from(missed.mac, 'hex') })
    .where('platform', '=', platform)
    .where((eb) => eb.or([eb('last_seal', 'is', null), eb('last_seal', '<=', missed.number)]))
    .execute();
}

/** Whether a seal of the platform was made under the key. */
export async function hasSealed(trx: Trx, platform: Platform, keyId: string): Promise<boolean> {
  const row = await trx
    .selectFrom('auth.audit_seal')
    .select('number')
    .where('platform', '=', platform)
    .where('key_id', '=', keyId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Takes waiting rows from the queue, in the order of their ids. */
export async function takePending(trx: Trx, platform: Platform, most: number): Promise<SealedEvent[]> {
  const taken = await sql<{ event_id: string }>`
    delete from auth.audit_pending where event_id in (
      select event_id from auth.audit_pending where platform = ${platform} order by event_id limit ${most}
    )
    returning event_id
  `.execute(trx);
  return digestEvents(trx, taken.rows.map((row) => row.event_id).sort());
}

/**
 * The digests of those of the rows that are there. An id has the time in it at which its row was made (UUIDv7), and with that only the
 * tables of a month or two are searched. What is not found there was moved: `isGone` says of which nobody has to search everywhere.
 */
export async function digestEvents(
  db: Kysely<Database>,
  ids: readonly string[],
  isGone: (id: string) => boolean = () => false,
): Promise<SealedEvent[]> {
  const near = await sql<Canonical>`
    select id, ${canonicalEvent} as canonical from auth.audit_event
    where id = any(${ids}::uuid[])
      and happened_at >= (select min(uuid_extract_timestamp(id)) - interval '1 day' from unnest(${ids}::uuid[]) as id)
      and happened_at <= (select max(uuid_extract_timestamp(id)) + interval '1 day' from unnest(${ids}::uuid[]) as id)
  `.execute(db);
  const found = new Set(near.rows.map(({ id }) => id));
  const missing = ids.filter((id) => !found.has(id) && !isGone(id));
  const far =
    missing.length === 0
      ? []
      : (
          await sql<Canonical>`
            select id, ${canonicalEvent} as canonical from auth.audit_event where id = any(${missing}::uuid[])
          `.execute(db)
        ).rows;
  return [...near.rows, ...far]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, canonical }) => ({ id, digest: digestEvent(canonical) }));
}

type Canonical = { id: string; canonical: string };

export async function insertSeal(
  trx: Trx,
  { events, ...seal }: Omit<AuditSealTable, 'event_ids' | 'digests'> & { events: readonly SealedEvent[] },
): Promise<void> {
  await trx
    .insertInto('auth.audit_seal')
    .values({
      ...seal,
      event_ids: events.map(({ id }) => id),
      digests: events.map(({ digest }) => digest),
    })
    .execute();
}

/** The next seals of a chain by number. */
export async function listSeals(
  db: Kysely<Database>,
  platform: Platform,
  { after, most }: { after: number; most: number },
): Promise<AuditSealTable[]> {
  return db
    .selectFrom('auth.audit_seal')
    .selectAll()
    .where('platform', '=', platform)
    .where('number', '>', after)
    .orderBy('number')
    .limit(most)
    .execute();
}

/** What was pruned of the rows of these seals. */
export async function listPrunings(
  db: Kysely<Database>,
  platform: Platform,
  seals: readonly number[],
): Promise<AuditPruningTable[]> {
  return db
    .selectFrom('auth.audit_pruning')
    .selectAll()
    .where('platform', '=', platform)
    .where('seal', 'in', seals)
    .execute();
}

/** Rows that are in no seal and do not wait for one either. */
export async function listUnsealed(
  db: Kysely<Database>,
  platform: Platform,
  most: number,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select e.id from auth.audit_event e
    where e.platform = ${platform}
      and not exists (select from auth.audit_pending p where p.event_id = e.id)
      and e.id not in (
        select sealed.id from auth.audit_seal s, unnest(s.event_ids) as sealed (id) where s.platform = ${platform}
      )
    order by e.id limit ${most}
  `.execute(db);
  return rows.map(({ id }) => id);
}
