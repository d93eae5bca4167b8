import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import type { PlatformTables } from '../accounts/platform-tables.ts';

type Trx = Transaction<Database>;
type Tables = PlatformTables<Account>;

export async function insertRefreshToken(
  trx: Trx,
  tables: Tables,
  token: { hash: Buffer; tenantId: string; sessionId: string; createdAt: Date; expiresAt: Date },
): Promise<void> {
  await sql`
    insert into ${tables.refreshToken} (token_hash, tenant_id, session_id, created_at, expires_at)
    values (${token.hash}, ${token.tenantId}, ${token.sessionId}, ${token.createdAt}, ${token.expiresAt})
  `.execute(trx);
}

/** Whose it is; says nothing about whether it may still be used. */
export async function findTokenOwner(
  trx: Trx,
  tables: Tables,
  hash: Buffer,
): Promise<{ sessionId: string; accountId: string } | undefined> {
  const { rows } = await sql<{ sessionId: string; accountId: string }>`
    select session.id as "sessionId", session.${tables.accountId} as "accountId"
    from ${tables.refreshToken} as token join ${tables.session} as session on session.id = token.session_id
    where token.token_hash = ${hash}
  `.execute(trx);
  return rows[0];
}

type Exchange = {
  hash: Buffer;
  tenantId: string;
  sessionId: string;
  now: Date;
  successor: { hash: Buffer; sealed: Buffer; expiresAt: Date };
};

/**
 * Uses the token up and puts its successor in its place, if nobody has before: one statement, so that of many at once one
 * succeeds. What the session's earlier token was exchanged for, the token now used, is forgotten.
 */
export async function exchangeRefreshToken(trx: Trx, tables: Tables, exchange: Exchange): Promise<boolean> {
  const { hash, tenantId, sessionId, now, successor } = exchange;
  const { rows } = await sql`
    with used as (
      update ${tables.refreshToken} set used_at = ${now}, sealed_successor = ${successor.sealed}
      where token_hash = ${hash} and session_id = ${sessionId} and used_at is null and expires_at > ${now}
      returning session_id
    ), forgotten as (
      update ${tables.refreshToken} as earlier set sealed_successor = null from used
      where earlier.session_id = used.session_id and earlier.sealed_successor is not null
    )
    insert into ${tables.refreshToken} (token_hash, tenant_id, session_id, created_at, expires_at)
    select ${successor.hash}, ${tenantId}::uuid, session_id, ${now}::timestamptz, ${successor.expiresAt}::timestamptz from used
    returning session_id
  `.execute(trx);
  return rows.length === 1;
}

/** When a token that was not used expires, if it came of one that was used since then. */
export async function findFreshSuccessor(
  trx: Trx,
  tables: Tables,
  { hash, usedSince, now }: { hash: Buffer; usedSince: Date; now: Date },
): Promise<{ expiresAt: Date } | undefined> {
  const { rows } = await sql<{ expiresAt: Date }>`
    select expires_at as "expiresAt" from ${tables.refreshToken} as token
    where token_hash = ${hash} and used_at is null and expires_at > ${now} and exists (
      select from ${tables.refreshToken} as earlier
      where earlier.session_id = token.session_id and earlier.sealed_successor is not null and earlier.used_at >= ${usedSince}
    )
  `.execute(trx);
  return rows[0];
}

export type UsedToken = { usedAt: Date; sealedSuccessor: Buffer | null };

/** When the token was used and, until that is used itself, what for. Undefined for one that was not used. */
export async function findUse(trx: Trx, tables: Tables, hash: Buffer): Promise<UsedToken | undefined> {
  const { rows } = await sql<UsedToken>`
    select used_at as "usedAt", sealed_successor as "sealedSuccessor" from ${tables.refreshToken}
    where token_hash = ${hash} and used_at is not null
  `.execute(trx);
  return rows[0];
}

const forgottenAtOnce = 20;

/**
 * Forgets successors whose grace is over, of any session of the tenant. Waits for nobody, so it may hold what others want;
 * must be a transaction's last statement for the same reason.
 */
export async function forgetSuccessors(trx: Trx, tables: Tables, usedBefore: Date): Promise<void> {
  await sql`
    update ${tables.refreshToken} set sealed_successor = null where token_hash in (
      select token_hash from ${tables.refreshToken}
      where sealed_successor is not null and used_at < ${usedBefore}
      limit ${forgottenAtOnce} for update skip locked
    )
  `.execute(trx);
}
