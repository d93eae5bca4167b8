import { type AuditEvent, type Database, type SigningKeyTable, writeAuditEvent } from '@signet/db';
import type { AuditKind, Platform } from '@signet/schema/contract';
import { type Kysely, type Selectable, sql, type Transaction, type Updateable } from 'kysely';

/** Notifications on it wake the processes that sign with the platform's keys. */
export const signingKeyChannel = 'signet_signing_key';

const columns = [
  'kid',
  'algorithm',
  'state',
  'sealed_private_key',
  'published_at',
  'activated_at',
  'retire_at',
  'promote_at',
  'imported',
  'token_seconds',
] as const;

export type SigningKeyRow = Pick<Selectable<SigningKeyTable>, (typeof columns)[number]>;

const lockOf = (platform: Platform) => sql`hashtextextended(${`signet signing keys ${platform}`}, 0)`;

/** Until the transaction ends, no other one makes or changes keys of this platform. */
export async function lockSigningKeys(trx: Transaction<Database>, platform: Platform): Promise<void> {
  await sql`select pg_advisory_xact_lock(${lockOf(platform)})`.execute(trx);
}

/** False where another transaction holds the lock. */
export async function tryLockSigningKeys(trx: Transaction<Database>, platform: Platform): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(${lockOf(platform)}) as locked
  `.execute(trx);
  return rows[0]?.locked === true;
}

/** The server's clock: those of the processes may differ, and one that runs ahead must not rotate early. */
export async function readDatabaseTime(db: Kysely<Database>): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
  return rows[0]?.now ?? new Date();
}

/** Keys that sign, that will sign, or whose tokens may still live; oldest first. */
export function listSigningKeys(db: Kysely<Database>, platform: Platform): Promise<SigningKeyRow[]> {
  return db
    .selectFrom('auth.signing_key')
    .select(columns)
    .where('platform', '=', platform)
    .where('state', '!=', 'retired')
    .orderBy('created_at')
    .orderBy('activated_at', (order) => order.asc().nullsLast())
    .execute();
}

/** All keys, retired ones too, newest first. */
export function listEverySigningKey(
  db: Kysely<Database>,
  platform: Platform,
): Promise<Omit<SigningKeyRow, 'sealed_private_key'>[]> {
  const shown = columns.filter((column) => column !== 'sealed_private_key');
  return db
    .selectFrom('auth.signing_key')
    .select(shown)
    .where('platform', '=', platform)
    .orderBy('created_at', 'desc')
    .orderBy('activated_at', (order) => order.desc().nullsFirst())
    .execute();
}

export type NewSigningKey = Pick<
  SigningKeyRow,
  'kid' | 'algorithm' | 'sealed_private_key' | 'published_at' | 'imported' | 'token_seconds'
> & { platform: Platform; state: 'next' | 'active'; activated_at: Date | null };

/** Its tokens may live as long as those of the existing keys: replicas may differ on the lifetime while it changes. */
export async function insertSigningKey(trx: Transaction<Database>, key: NewSigningKey): Promise<void> {
  const longest = sql<number>`greatest(${key.token_seconds}::int, (
    select max(token_seconds) from auth.signing_key where platform = ${key.platform} and state != 'retired'
  ))`;
  await trx
    .insertInto('auth.signing_key')
    .values({ ...key, token_seconds: longest })
    .execute();
  const { platform, kid } = key;
  await writeAuditEvent(
    trx,
    auditKey(key.imported ? 'auth.key.imported' : 'auth.key.published', platform, kid),
  );
  if (key.state === 'active') await writeAuditEvent(trx, auditKey('auth.key.rotated', platform, kid));
}

export async function findKeyState(
  db: Kysely<Database>,
  platform: Platform,
  kid: string,
): Promise<SigningKeyRow['state'] | undefined> {
  const row = await db
    .selectFrom('auth.signing_key')
    .select('state')
    .where('platform', '=', platform)
    .where('kid', '=', kid)
    .executeTakeFirst();
  return row?.state;
}

/** The key signs from now on. */
export async function activateKey(trx: Transaction<Database>, kid: string, now: Date): Promise<void> {
  await changeState(trx, kid, { state: 'active', activated_at: now, promote_at: null }, 'auth.key.rotated');
}

/** The key no longer signs. It is trusted until its last token has expired, plus the grace. */
export async function demoteKey(
  trx: Transaction<Database>,
  kid: string,
  now: Date,
  graceSeconds: number,
): Promise<void> {
  await trx
    .updateTable('auth.signing_key')
    .set(({ ref }) => ({
      state: 'retiring',
      retire_at: sql<Date>`${now}::timestamptz + make_interval(secs => ${ref('token_seconds')} + ${graceSeconds})`,
    }))
    .where('kid', '=', kid)
    .execute();
}

/** No verifier trusts the key any more, and its private half is deleted. */
export async function retireKey(trx: Transaction<Database>, kid: string, now: Date): Promise<void> {
  const change = { state: 'retired', retire_at: now, sealed_private_key: Buffer.alloc(0) } as const;
  await changeState(trx, kid, change, 'auth.key.retired');
}

/** The same private half under another key-encryption key. */
export async function replaceSeal(trx: Transaction<Database>, kid: string, sealed: Buffer): Promise<void> {
  await trx
    .updateTable('auth.signing_key')
    .set({ sealed_private_key: sealed })
    .where('kid', '=', kid)
    .where('state', '!=', 'retired')
    .execute();
}

async function changeState(
  trx: Transaction<Database>,
  kid: string,
  change: Updateable<SigningKeyTable>,
  kind: AuditKind,
): Promise<void> {
  const changed = trx
    .updateTable('auth.signing_key')
    .set(change)
    .where('kid', '=', kid)
    .returning('platform');
  for (const { platform } of await changed.execute()) {
    await writeAuditEvent(trx, auditKey(kind, platform, kid));
  }
}

export async function schedulePromotion(trx: Transaction<Database>, kid: string, at: Date): Promise<void> {
  await trx.updateTable('auth.signing_key').set({ promote_at: at }).where('kid', '=', kid).execute();
}

/** Before a process signs: its tokens may live longer than those of the processes before it. */
export async function raiseTokenSeconds(
  trx: Transaction<Database>,
  platform: Platform,
  tokenSeconds: number,
): Promise<void> {
  await trx
    .updateTable('auth.signing_key')
    .set({ token_seconds: tokenSeconds })
    .where('platform', '=', platform)
    .where('state', 'in', ['next', 'active'])
    .where('token_seconds', '<', tokenSeconds)
    .execute();
}

/** Belongs into the transaction of the change. It never expires: a holder of the private half can write any token. */
export async function insertKeyRevocation(
  trx: Transaction<Database>,
  platform: Platform,
  kid: string,
): Promise<void> {
  await trx.insertInto('auth.revocation').values({ kind: 'signing_key', platform, subject: kid }).execute();
  await writeAuditEvent(trx, auditKey('auth.key.revoked', platform, kid));
}

/** Revokes a key of this role's platform: `successor` signs now in place of one that signed, where one waited. */
export async function retireRevokedKey(
  trx: Transaction<Database>,
  platform: Platform,
  { kid, now }: { kid: string; now: Date },
): Promise<{ was: SigningKeyRow['state']; successor: string | null }> {
  const { rows } = await sql<{ was: SigningKeyRow['state']; successor: string | null }>`
    select was, successor from ${sql.raw(`auth.revoke_${platform}_signing_key`)}(${kid}, ${now})
  `.execute(trx);
  if (!rows[0]) throw new Error('auth.revoke_signing_key returned no row.');
  return rows[0];
}

/** The notification is sent when the transaction commits. */
export async function wakeSigners(trx: Transaction<Database>): Promise<void> {
  await sql`select pg_notify(${signingKeyChannel}, '')`.execute(trx);
}

/** A row about a signing key. It belongs to no tenant, and what caused it (an interval, an operator) has no account. */
function auditKey(kind: AuditKind, platform: Platform, kid: string): AuditEvent {
  return { kind, platform, tenantId: null, details: { kid } };
}
