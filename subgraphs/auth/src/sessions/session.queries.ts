import type { Database, SessionEndReason } from '@signet/db';
import type { ImpersonationReason } from '@signet/schema/contract';
import { sql, type Transaction } from 'kysely';
import type { Account, PlatformTables } from '../accounts/account.ts';
import { endImpersonations } from '../impersonations/impersonation.queries.ts';

type Trx = Transaction<Database>;
type Tables = PlatformTables<Account>;

/** The client of a request. A session row keeps device and address; the request's id goes to the audit log. */
export type SessionClient = { device: string; address: string | null; requestId?: string };

export type SessionRow = {
  id: string;
  createdAt: Date;
  authTime: Date;
  amr: string[];
  passwordVersion: number;
  expiresAt: Date;
  endedAt: Date | null;
  endReason: SessionEndReason | null;
  /** Until when its refreshes have used up their pace (refresh-pace.ts). */
  refreshPacedAt: Date | null;
};

const sessionColumns = sql<SessionRow>`
  id, created_at as "createdAt", auth_time as "authTime", amr, password_version as "passwordVersion", expires_at as "expiresAt",
  ended_at as "endedAt", end_reason as "endReason", refresh_paced_at as "refreshPacedAt"`;

type NewSession = SessionClient & {
  tenantId: string;
  account: Account;
  amr: string[];
  authTime: Date;
  createdAt: Date;
  expiresAt: Date;
  /** Where it began at an identity provider. */
  upstream: { issuer: string; subject: string; sid?: string | undefined } | undefined;
};

export async function insertSession(trx: Trx, tables: Tables, session: NewSession): Promise<SessionRow> {
  const { tenantId, account, amr, authTime, createdAt, expiresAt, device, address, upstream } = session;
  const { rows } = await sql<SessionRow>`
    insert into ${tables.session}
      (tenant_id, ${tables.accountId}, password_version, auth_time, amr, device, address, created_at, last_used_at, expires_at,
       upstream_issuer, upstream_subject, upstream_sid)
    values
      (${tenantId}, ${account.id}, ${account.passwordVersion}, ${authTime}, ${amr}::text[], ${device}, ${address}::inet,
       ${createdAt}, ${createdAt}, ${expiresAt}, ${upstream?.issuer ?? null}, ${upstream?.subject ?? null}, ${upstream?.sid ?? null})
    returning ${sessionColumns}
  `.execute(trx);
  return rows[0] as SessionRow;
}

/** Refresh and every end of a session take this row lock: the second one sees what the first one did. */
export async function lockSession(trx: Trx, tables: Tables, id: string): Promise<SessionRow | undefined> {
  const { rows } = await sql<SessionRow>`
    select ${sessionColumns} from ${tables.session} where id = ${id} for update
  `.execute(trx);
  return rows[0];
}

export async function touchSession(
  trx: Trx,
  tables: Tables,
  { id, now, refreshPacedAt }: { id: string; now: Date; refreshPacedAt: Date },
): Promise<void> {
  await sql`
    update ${tables.session} set last_used_at = ${now}, refresh_paced_at = ${refreshPacedAt} where id = ${id}
  `.execute(trx);
}

/** Adds to how the person proved who they are in a session, whose row the transaction has locked. */
export async function addToSessionMethods(
  trx: Trx,
  tables: Tables,
  { id, amr }: Pick<SessionRow, 'id' | 'amr'>,
  proven: readonly string[],
): Promise<void> {
  const all = [...new Set([...amr, ...proven])];
  await sql`update ${tables.session} set amr = ${all}::text[] where id = ${id}`.execute(trx);
}

/** @returns false when the session had ended already or does not exist. */
export async function endSession(
  trx: Trx,
  tables: Tables,
  { id, reason, now }: { id: string; reason: SessionEndReason; now: Date },
): Promise<boolean> {
  const { rows } = await sql`
    update ${tables.session} set ended_at = ${now}, end_reason = ${reason}
    where id = ${id} and ended_at is null
    returning id
  `.execute(trx);
  return rows.length === 1;
}

/** A session as its owner sees it. */
export type OwnSession = {
  id: string;
  kind: 'SIGN_IN' | 'SUPPORT';
  /** Of `SUPPORT`: why a member of staff acts as the customer. */
  reason: ImpersonationReason | null;
  device: string;
  address: string | null;
  createdAt: Date;
  lastUsedAt: Date;
  expiresAt: Date;
  current: boolean;
};

/** The statements below name the account: an id that a caller sent reaches that account's sessions only. */
export type SessionOwner = { accountId: string; sessionId: string };

const maxListed = 100;

/** The sessions that can still be used: the current one, then the others, last used first. */
export async function listLiveSessions(
  trx: Trx,
  tables: Tables,
  { accountId, sessionId }: SessionOwner,
  { now, usedSince }: { now: Date; usedSince: Date },
): Promise<OwnSession[]> {
  const { rows } = await sql<OwnSession>`
    select id, 'SIGN_IN' as kind, null as reason, device, host(address) as address, created_at as "createdAt", last_used_at as "lastUsedAt",
      expires_at as "expiresAt", id = ${sessionId} as current
    from ${tables.session}
    where ${tables.accountId} = ${accountId} and ended_at is null and expires_at > ${now} and last_used_at > ${usedSince}
    order by id = ${sessionId} desc, last_used_at desc, id limit ${maxListed}
  `.execute(trx);
  return rows;
}

/** @returns whether the account has such a session. One that had ended before stays as it is. */
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

/**
 * Whose act it is that sessions end: the owner's, in a session of theirs; of whoever reads a mail to the account; a member of staff's.
 * The ends of impersonations name them.
 */
export type EndedBy = 'owner' | 'mail' | { staffId: string };

/** `device`: only those on this one. */
type SessionsEnd = { reason: SessionEndReason; now: Date; except?: string; device?: string; by?: EndedBy };

/**
 * Ends the sessions of an account whose row the transaction has locked. Returns how many there were. Locks them in the order of
 * their ids: two transactions that lock the same sessions never deadlock.
 */
export async function endSessionsOf(
  trx: Trx,
  tables: Tables,
  accountId: string,
  { reason, now, except, device, by = 'owner' }: SessionsEnd,
): Promise<number> {
  const others = except === undefined ? sql`true` : sql`id <> ${except}`;
  const there = device === undefined ? sql`true` : sql`device_id = ${device}`;
  const { rows } = await sql`
    with live as materialized (
      select id from ${tables.session}
      where ${tables.accountId} = ${accountId} and ended_at is null and ${others} and ${there}
      order by id for update
    )
    update ${tables.session} set ended_at = ${now}, end_reason = ${reason}
    where id in (select id from live)
    returning id
  `.execute(trx);
  if (!tables.hasImpersonations) return rows.length;
  // Who ends their sessions everywhere, or has another secret or address from now on, wants nobody in the account.
  return (
    rows.length + (await endImpersonations(trx, { accountId, now, ...describeEnd(by, accountId, reason) }))
  );
}

function describeEnd(by: EndedBy, accountId: string, reason: SessionEndReason) {
  if (by === 'owner') return { reason: 'customer', by: accountId } as const;
  return by === 'mail' ? ({ reason: 'mail' } as const) : { reason, by: by.staffId };
}

/** The person has proved again who they are: when, and by which methods the session now counts as signed in (`amr`). */
export async function renewSession(
  trx: Trx,
  tables: Tables,
  { id, authTime, amr }: { id: string; authTime: Date; amr: readonly string[] },
): Promise<void> {
  await sql`
    update ${tables.session} set auth_time = ${authTime}, amr = ${amr}::text[] where id = ${id}
  `.execute(trx);
}

/** The device on which the session began, or its owner last proved who they are. */
export async function setSessionDevice(
  trx: Trx,
  tables: Tables,
  { id, device }: { id: string; device: string },
): Promise<void> {
  await sql`update ${tables.session} set device_id = ${device} where id = ${id}`.execute(trx);
}

export async function setSessionPasswordVersion(
  trx: Trx,
  tables: Tables,
  { id, passwordVersion }: { id: string; passwordVersion: number },
): Promise<void> {
  await sql`update ${tables.session} set password_version = ${passwordVersion} where id = ${id}`.execute(trx);
}
