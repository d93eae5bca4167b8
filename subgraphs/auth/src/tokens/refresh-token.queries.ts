import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { Account, PlatformTables } from '../accounts/account.ts';

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

/** The session and account of a token, whether or not the token may still be used. */
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
 * Marks the token as used and stores its successor, if nobody has before: one statement, so that one of many at once
 * succeeds. The sealed successor of the session's earlier token is deleted: it is the token that is used now.
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

/** When an unused token expires, if its predecessor was used at `usedSince` or later. */
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

/** When the token was used and, while that is still unused, its sealed successor. Undefined for an unused token. */
export async function findUse(trx: Trx, tables: Tables, hash: Buffer): Promise<UsedToken | undefined> {
  const { rows } = await sql<UsedToken>`
    select used_at as "usedAt", sealed_successor as "sealedSuccessor" from ${tables.refreshToken}
    where token_hash = ${hash} and used_at is not null
  `.execute(trx);
  return rows[0];
}

const deletedAtOnce = 20;

/**
 * Deletes sealed successors whose grace is over, of any session of the tenant. It skips rows that others have locked, and
 * locks rows outside the usual order: it must be the last statement of its transaction.
 */
export async function forgetSuccessors(trx: Trx, tables: Tables, usedBefore: Date): Promise<void> {
  await sql`
    update ${tables.refreshToken} set sealed_successor = null where token_hash in (
      select token_hash from ${tables.refreshToken}
      where sealed_successor is not null and used_at < ${usedBefore}
      limit ${deletedAtOnce} for update skip locked
    )
  `.execute(trx);
}
