import type { Database } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Account } from './account.ts';
import type { PlatformTables } from './platform-tables.ts';

type Trx = Transaction<Database>;
/** An account together with the stored hash of its password. Stays inside the credential check. */
export type AccountWithPassword<A extends Account> = { account: A; password: PasswordHash };

export function findAccountByEmail<A extends Account>(
  trx: Trx,
  tables: PlatformTables<A>,
  email: string,
): Promise<AccountWithPassword<A> | undefined> {
  return findWithPassword(trx, tables, sql`email = ${email}`);
}

export function findAccountWithPassword<A extends Account>(
  trx: Trx,
  tables: PlatformTables<A>,
  id: string,
): Promise<AccountWithPassword<A> | undefined> {
  return findWithPassword(trx, tables, sql`id = ${id}`);
}

async function findWithPassword<A extends Account>(
  trx: Trx,
  tables: PlatformTables<A>,
  condition: RawBuilder<unknown>,
): Promise<AccountWithPassword<A> | undefined> {
  const { rows } = await sql<A & { password_hash: string; pepper_id: string }>`
    select ${tables.accountColumns}, password_hash, pepper_id from ${tables.account} where ${condition}
  `.execute(trx);
  const [row] = rows;
  if (!row) {
    return undefined;
  }
  const { password_hash: hash, pepper_id: pepperId, ...account } = row;
  return { account: account as unknown as A, password: { hash, pepperId } };
}

export async function findAccountsByIds<A extends Account>(
  trx: Trx,
  tables: PlatformTables<A>,
  ids: readonly string[],
): Promise<A[]> {
  const { rows } = await sql<A>`
    select ${tables.accountColumns} from ${tables.account} where id = any(${ids}::uuid[])
  `.execute(trx);
  return rows;
}

/**
 * The account as it is now, locked against change (not against other sign-ins) until the transaction ends: who suspends it
 * or changes its password takes FOR UPDATE, so that one of the two comes first.
 */
export async function lockAccount<A extends Account>(
  trx: Trx,
  tables: PlatformTables<A>,
  id: string,
): Promise<A | undefined> {
  const { rows } = await sql<A>`
    select ${tables.accountColumns} from ${tables.account} where id = ${id} for share
  `.execute(trx);
  return rows[0];
}

/** The account as it is now, locked by one who will change it or end its sessions: sign-in and refresh wait meanwhile. */
export async function lockAccountForChange<A extends Account>(
  trx: Trx,
  tables: PlatformTables<A>,
  id: string,
): Promise<A | undefined> {
  return (await lockAccountsForChange(trx, tables, [id]))[0];
}

/** In the order of their ids, so that two who lock the same accounts never wait for each other in a circle. */
export async function lockAccountsForChange<A extends Account>(
  trx: Trx,
  tables: PlatformTables<A>,
  ids: readonly string[],
): Promise<A[]> {
  const { rows } = await sql<A>`
    select ${tables.accountColumns} from ${tables.account} where id = any(${ids}::uuid[]) order by id for update
  `.execute(trx);
  return rows;
}

/** Stores another password for an account that the transaction has locked. Returns its version. */
export async function setPassword(
  trx: Trx,
  tables: PlatformTables<Account>,
  id: string,
  { hash, pepperId }: PasswordHash,
): Promise<number> {
  const { rows } = await sql<{ passwordVersion: number }>`
    update ${tables.account}
    set password_hash = ${hash}, pepper_id = ${pepperId}, password_version = password_version + 1, updated_at = now()
    where id = ${id}
    returning password_version as "passwordVersion"
  `.execute(trx);
  return (rows[0] as { passwordVersion: number }).passwordVersion;
}
