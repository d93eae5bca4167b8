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

/** Uses the token up, if nobody has before: one statement, so that of many at once one succeeds. */
export async function useRefreshToken(trx: Trx, tables: Tables, hash: Buffer, now: Date): Promise<boolean> {
  const { rows } = await sql`
    update ${tables.refreshToken} set used_at = ${now}
    where token_hash = ${hash} and used_at is null and expires_at > ${now}
    returning session_id
  `.execute(trx);
  return rows.length === 1;
}

/** When the token was used, if it was. */
export async function findUseTime(trx: Trx, tables: Tables, hash: Buffer): Promise<Date | undefined> {
  const { rows } = await sql<{ usedAt: Date | null }>`
    select used_at as "usedAt" from ${tables.refreshToken} where token_hash = ${hash}
  `.execute(trx);
  return rows[0]?.usedAt ?? undefined;
}
