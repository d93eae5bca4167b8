import type { Database, SessionEndReason } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import type { PlatformTables } from '../accounts/platform-tables.ts';

type Trx = Transaction<Database>;
type Tables = PlatformTables<Account>;

/** A session as its owner sees it. */
export type OwnSession = {
  id: string;
  device: string;
  address: string | null;
  createdAt: Date;
  lastUsedAt: Date;
  expiresAt: Date;
  current: boolean;
};

/** Every statement here names the account: an id that a caller sent reaches that account's sessions only. */
export type SessionOwner = { accountId: string; sessionId: string };

const maxListed = 100;

/** Those that can still be used: the current one, then the others, last used first. */
export async function listLiveSessions(
  trx: Trx,
  tables: Tables,
  { accountId, sessionId }: SessionOwner,
  { now, usedSince }: { now: Date; usedSince: Date },
): Promise<OwnSession[]> {
  const { rows } = await sql<OwnSession>`
    select id, device, host(address) as address, created_at as "createdAt", last_used_at as "lastUsedAt",
      expires_at as "expiresAt", id = ${sessionId} as current
    from ${tables.session}
    where ${tables.accountId} = ${accountId} and ended_at is null and expires_at > ${now} and last_used_at > ${usedSince}
    order by id = ${sessionId} desc, last_used_at desc, id limit ${maxListed}
  `.execute(trx);
  return rows;
}

/** @returns whether the account has such a session; one that had ended before stays as it is. */
export async function endOwnSession(
  trx: Trx,
  tables: Tables,
  accountId: string,
  { id, now }: { id: string; now: Date },
): Promise<boolean> {
  const own = sql`id = ${id} and ${tables.accountId} = ${accountId}`;
  await sql`
    update ${tables.session} set ended_at = ${now}, end_reason = 'ended' where ${own} and ended_at is null
  `.execute(trx);
  const { rows } = await sql`select id from ${tables.session} where ${own}`.execute(trx);
  return rows.length === 1;
}

type SessionsEnd = { reason: SessionEndReason; now: Date; except?: string };

/** Ends an account's sessions, whose row the transaction has locked. Returns how many there were. */
export async function endSessionsOf(
  trx: Trx,
  tables: Tables,
  accountId: string,
  { reason, now, except }: SessionsEnd,
): Promise<number> {
  const others = except === undefined ? sql`true` : sql`id <> ${except}`;
  const { rows } = await sql`
    update ${tables.session} set ended_at = ${now}, end_reason = ${reason}
    where ${tables.accountId} = ${accountId} and ended_at is null and ${others}
    returning id
  `.execute(trx);
  return rows.length;
}

export async function setSessionPasswordVersion(
  trx: Trx,
  tables: Tables,
  { id, passwordVersion }: { id: string; passwordVersion: number },
): Promise<void> {
  await sql`update ${tables.session} set password_version = ${passwordVersion} where id = ${id}`.execute(trx);
}
