import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { Account, PlatformTables } from '../accounts/account.ts';
import type { TokenIdentity } from './refresh-token.ts';

type Trx = Transaction<Database>;
type Tables = PlatformTables<Account>;

/** A refresh token, and the parts of it that are stored. */
export type NewRefreshToken = TokenIdentity & {
  token: string;
  createdAt: Date;
  expiresAt: Date;
  /** Whether a cookie carries it. */
  inCookie: boolean;
};
/** `id` is the session's. */
type InSession = { tenantId: string; id: string };

export async function insertRefreshToken(
  trx: Trx,
  tables: Tables,
  session: InSession,
  token: NewRefreshToken,
): Promise<void> {
  await sql`
    insert into ${tables.refreshToken} (token_hash, family_hash, tenant_id, session_id, created_at, expires_at, in_cookie)
    values (${token.hash}, ${token.familyHash}, ${session.tenantId}, ${session.id}, ${token.createdAt}, ${token.expiresAt},
      ${token.inCookie})
  `.execute(trx);
}

/** The session and account of a token, whether or not it may still be used: one of long ago is known by its family. */
export async function findTokenOwner(
  trx: Trx,
  tables: Tables,
  { hash, familyHash }: TokenIdentity,
): Promise<{ sessionId: string; accountId: string } | undefined> {
  const { rows } = await sql<{ sessionId: string; accountId: string }>`
    select session.id as "sessionId", session.${tables.accountId} as "accountId"
    from ${tables.refreshToken} as token join ${tables.session} as session on session.id = token.session_id
    where token.token_hash = ${hash} or token.family_hash = ${familyHash}
    limit 1
  `.execute(trx);
  return rows[0];
}

export type StoredToken = {
  /** False where only the family is known: the row is that of a later token. */
  isExact: boolean;
  /** Of a used token: until when its row is kept. */
  expiresAt: Date;
  usedAt: Date | null;
  /** What a used token was exchanged for, while that is unused. */
  sealedSuccessor: Buffer | null;
  /** When the session's latest exchange was, if there was one. */
  exchangedAt: Date | null;
};

/**
 * The token's row; where it has gone, since its successor was used, that of a later one of its family. Undefined where its session
 * has other tokens now. Only certain under the session's row lock.
 */
export async function findStoredToken(
  trx: Trx,
  tables: Tables,
  { hash, familyHash }: TokenIdentity,
): Promise<StoredToken | undefined> {
  const { rows } = await sql<StoredToken>`
    select token_hash = ${hash} as "isExact", expires_at as "expiresAt", used_at as "usedAt", sealed_successor as "sealedSuccessor",
      (select max(used_at) from ${tables.refreshToken} as other where other.session_id = token.session_id) as "exchangedAt"
    from ${tables.refreshToken} as token where token_hash = ${hash} or family_hash = ${familyHash}
    order by token_hash = ${hash} desc limit 1
  `.execute(trx);
  return rows[0];
}

type Exchange = { hash: Buffer; now: Date; sealed: Buffer; successor: NewRefreshToken };

/**
 * Marks the token as used and stores its successor, if nobody has before: one statement, so that one of many at once
 * succeeds. The used token is kept as long as its successor, since it is what a client has that lost the answer. The tokens before
 * it go, since the family tells them; those from before there were families stay, without the successor that they gave: it is the
 * token that is used now.
 */
export async function exchangeRefreshToken(
  trx: Trx,
  tables: Tables,
  session: InSession,
  { hash, now, sealed, successor }: Exchange,
): Promise<boolean> {
  const { rows } = await sql`
    with used as (
      update ${tables.refreshToken} set used_at = ${now}, sealed_successor = ${sealed},
        expires_at = greatest(expires_at, ${successor.expiresAt})
      where token_hash = ${hash} and session_id = ${session.id} and used_at is null and expires_at > ${now}
      returning session_id
    ), deleted as (
      delete from ${tables.refreshToken} as earlier using used
      where earlier.session_id = used.session_id and earlier.token_hash <> ${hash} and earlier.family_hash is not null
    ), forgotten as (
      update ${tables.refreshToken} as earlier set sealed_successor = null from used
      where earlier.session_id = used.session_id and earlier.token_hash <> ${hash} and earlier.family_hash is null
        and earlier.sealed_successor is not null
    )
    insert into ${tables.refreshToken} (token_hash, family_hash, tenant_id, session_id, created_at, expires_at, in_cookie)
    select ${successor.hash}::bytea, ${successor.familyHash}::bytea, ${session.tenantId}::uuid, session_id, ${now}::timestamptz,
      ${successor.expiresAt}::timestamptz, ${successor.inCookie}::boolean from used
    returning session_id
  `.execute(trx);
  return rows.length === 1;
}

/** Whether a cookie carries the session's refresh token. False for a session without one that can be used. */
export async function isTokenInCookie(trx: Trx, tables: Tables, sessionId: string): Promise<boolean> {
  const { rows } = await sql`
    select from ${tables.refreshToken} where session_id = ${sessionId} and used_at is null and in_cookie
  `.execute(trx);
  return rows.length > 0;
}

export async function deleteTokensOf(trx: Trx, tables: Tables, sessionId: string): Promise<void> {
  await sql`delete from ${tables.refreshToken} where session_id = ${sessionId}`.execute(trx);
}
