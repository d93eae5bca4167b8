import type { Database } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import { sql, type Transaction } from 'kysely';
import type { Account } from './account.ts';
import type { PlatformTables } from './platform-tables.ts';

type Trx = Transaction<Database>;
/** An account together with the stored hash of its password. Stays inside the credential check. */
export type AccountWithPassword<A extends Account> = { account: A; password: PasswordHash };

export async function findAccountByEmail<A extends Account>(
  trx: Trx,
  tables: PlatformTables<A>,
  email: string,
): Promise<AccountWithPassword<A> | undefined> {
  const { rows } = await sql<A & { password_hash: string; pepper_id: string }>`
    select ${tables.accountColumns}, password_hash, pepper_id from ${tables.account} where email = ${email}
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
