import { type Platform, platforms } from '@signet/schema/contract';
import { sql, type Transaction } from 'kysely';
import pg from 'pg';
import { writeAuditEvent } from '../audit/audit-events.ts';
import { processRoles } from '../roles.ts';
import type { Database } from '../tables.ts';
import { asOwner } from './create-accounts.ts';
import { OperatorError } from './operator-database.ts';

export type AfterRestoreOptions = {
  /** Sessions, trusted devices, links in mails and invitations stay as they were in the backup. */
  keepSessions?: boolean;
  /** Keys that sign go on signing. */
  keepKeys?: boolean;
  /** When the backup was made, where that is known. */
  backupFrom?: string | undefined;
};

export type PlatformRestored = {
  platform: Platform;
  sessions: number;
  /** Links in mails, challenges, trusted devices, invitations. */
  credentials: number;
  keys: number;
  /** Mails that waited, and are sent only when an operator says so. */
  mails: number;
  /** Resets of second factors that waited. */
  resets: number;
  /** Erasures of accounts that wait now for `erasureDays` at least. */
  erasures: number;
};

/** What these tables say is of the time of the backup. Row security binds the owner, too: off while their rows are changed. */
const changedTables = [
  ...platforms.flatMap((platform) =>
    ['session', 'trusted_device', 'account_token', 'challenge', 'mail', 'factor_reset'].map(
      (name) => `auth.${platform}_${name}`,
    ),
  ),
  'auth.portal_invitation',
  'auth.user_request',
  'auth.person_request',
  'auth.signing_key',
  'auth.revocation',
  'auth.audit_event',
];

/** An erasure that waits begins no earlier than this after a restore. */
const erasureDays = 7;
/** A mail that was queued may have been sent after the backup was made. */
const mailError = 'not sent again after a restore: it may have been sent before';

/**
 * Takes back what must not come back to life with a database that was restored from a backup: a session that was ended since, a key that was
 * revoked since, a link that was used since, a mail that was sent since, a reset of second factors that was cancelled since. All in one transaction, before the first process starts. No
 * secret is needed: where a platform has no signing key, its auth process makes new ones.
 *
 * @throws {OperatorError} while processes of the platform use the database
 */
export async function finishRestore(
  adminUrl: string,
  options: AfterRestoreOptions = {},
): Promise<PlatformRestored[]> {
  await assertNobodyConnected(adminUrl);
  return asOwner(adminUrl, async (trx) => {
    await sql`set local lock_timeout = '5s'`.execute(trx);
    await forEachTable(trx, 'no force');
    const restored: PlatformRestored[] = [];
    for (const platform of platforms) restored.push(await finishPlatform(trx, platform, options));
    await sql`
      update auth.user_request set settled_at = now(), outcome = 'obsolete', old_email = null, old_was_verified = null
      where settled_at is null
    `.execute(trx);
    await renumberRevocations(trx);
    for (const { platform, ...counts } of restored) {
      await writeAuditEvent(trx, {
        kind: 'auth.database.restored',
        platform,
        tenantId: null,
        details: { ...counts, by: 'operator', ...(options.backupFrom && { backupFrom: options.backupFrom }) },
      });
    }
    await forEachTable(trx, 'force');
    return restored;
  });
}

async function finishPlatform(
  trx: Transaction<Database>,
  platform: Platform,
  { keepSessions = false, keepKeys = false }: AfterRestoreOptions,
): Promise<PlatformRestored> {
  const keys = keepKeys ? 0 : await revokeKeys(trx, platform);
  const ended = keepSessions ? { sessions: 0, credentials: 0 } : await endSessions(trx, platform, keys > 0);
  const mails = await sql`
    update ${sql.id('auth', `${platform}_mail`)}
    set state = 'dead', settled_at = now(), leased_until = null, last_error = ${mailError} where state = 'queued'
  `.execute(trx);
  // Its owner had a day to cancel it, and may have.
  const resets = await sql`
    update ${sql.id('auth', `${platform}_factor_reset`)} set settled_at = now(), outcome = 'cancelled' where settled_at is null
  `.execute(trx);
  const erasures = platform === 'user' ? await postponeErasures(trx) : 0;
  return { platform, ...ended, keys, mails: count(mails), resets: count(resets), erasures };
}

/** Whoever kept their account after the backup can do so once more. Many would be due at once, and nothing brings an account back. */
async function postponeErasures(trx: Transaction<Database>): Promise<number> {
  const postponed = await sql`
    update auth.person_request set due_at = now() + make_interval(days => ${erasureDays})
    where kind = 'erase' and state = 'scheduled' and due_at < now() + make_interval(days => ${erasureDays})
  `.execute(trx);
  return count(postponed);
}

/** Every key, so that the tokens of sessions from after the backup, of which nothing is known here, are refused as well. */
async function revokeKeys(trx: Transaction<Database>, platform: Platform): Promise<number> {
  const retired = await trx
    .updateTable('auth.signing_key')
    .set({ state: 'retired', retire_at: sql<Date>`now()`, sealed_private_key: Buffer.alloc(0) })
    .where('platform', '=', platform)
    .where('state', '!=', 'retired')
    .returning('kid')
    .execute();
  for (const { kid } of retired) {
    await trx.insertInto('auth.revocation').values({ kind: 'signing_key', platform, subject: kid }).execute();
    for (const kind of ['auth.key.revoked', 'auth.key.retired'] as const) {
      await writeAuditEvent(trx, { kind, platform, tenantId: null, details: { kid, by: 'operator' } });
    }
  }
  return retired.length;
}

/**
 * Where the keys are revoked, no token of these sessions is taken any more. Then their ends are no rows of the revocation feed, which each
 * verifier keeps in memory: there may be millions.
 */
async function endSessions(trx: Transaction<Database>, platform: Platform, hasNewKeys: boolean) {
  const session = sql.id('auth', `${platform}_session`);
  const trigger = (state: 'disable' | 'enable') =>
    sql`alter table ${session} ${sql.raw(state)} trigger revoke_ended`.execute(trx);
  if (hasNewKeys) await trigger('disable');
  const sessions = await sql`
    update ${session} set ended_at = now(), end_reason = 'ended' where ended_at is null and expires_at > now()
  `.execute(trx);
  if (hasNewKeys) await trigger('enable');
  let credentials = 0;
  for (const name of ['account_token', 'challenge', 'trusted_device']) {
    credentials += count(await sql`delete from ${sql.id('auth', `${platform}_${name}`)}`.execute(trx));
  }
  if (platform === 'portal') {
    credentials += count(
      await sql`update auth.portal_invitation set state = 'revoked', settled_at = now() where state = 'open'`.execute(
        trx,
      ),
    );
  }
  return { sessions: count(sessions), credentials };
}

/**
 * A reader of the feed asks for what is as new as the oldest transaction under way. Transactions of the server from which a dump is may
 * have had higher numbers than this one's: their rows would be read at every poll, until the numbers meet again.
 */
async function renumberRevocations(trx: Transaction<Database>): Promise<void> {
  await sql`delete from auth.revocation where expires_at < now()`.execute(trx);
  await sql`update auth.revocation set transaction_id = default`.execute(trx);
}

async function forEachTable(trx: Transaction<Database>, state: 'no force' | 'force'): Promise<void> {
  for (const table of changedTables) {
    await sql.raw(`alter table ${table} ${state} row level security`).execute(trx);
  }
}

/** A process that runs would go on with the keys and counters that it has read. */
async function assertNobodyConnected(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'signet db' });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select distinct application_name as name from pg_stat_activity
       where datname = current_database() and usename = any($1) order by 1`,
      [[...processRoles]],
    );
    if (rows.length === 0) return;
    throw new OperatorError(
      `Processes use this database (${rows.map(({ name }) => name).join(', ')}): stop all of them first, and start them afterwards.`,
    );
  } finally {
    await client.end();
  }
}

function count({ numAffectedRows = 0n }: { numAffectedRows?: bigint | undefined }): number {
  return Number(numAffectedRows);
}
