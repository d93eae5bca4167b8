import { type Database, defineQuery, idList, type Query } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { type Account, type PlatformTables, type UserAccount, userTables } from './account.ts';

type Trx = Transaction<Database>;

const uniqueViolation = '23505';
/** An account with the stored hash of its password. Stays inside the credential check. */
export type AccountWithPassword<A extends Account> = { account: A; password: PasswordHash };

/** @param spellings of one address, by `listEmailSpellings`: an account stored under an earlier one comes first. */
export function findAccountByEmail<A extends Account>(
  trx: Trx,
  tables: PlatformTables<A>,
  spellings: readonly string[],
): Promise<AccountWithPassword<A> | undefined> {
  return findWithPassword(
    trx,
    tables,
    sql`email = any(${spellings}::text[]) order by email = ${spellings[0] ?? ''} desc limit 1`,
  );
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

/** The accounts of a platform with these ids, in no particular order. */
export function defineAccountsByIds<A extends Account>(
  tables: PlatformTables<A>,
): Query<{ ids: readonly string[] }, A> {
  return defineQuery(
    (_db, value) =>
      sql<A>`select ${tables.accountColumns} from ${tables.account} where id = any(${idList(value('ids'))})`,
  );
}

/**
 * The account as it is now, locked against change (not against other sign-ins) until the transaction ends. A suspension or
 * a change of password takes FOR UPDATE, so that one of the two comes first.
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

/** The account as it is now, locked to change it or to end its sessions: sign-in and refresh wait meanwhile. */
export async function lockAccountForChange<A extends Account>(
  trx: Trx,
  tables: PlatformTables<A>,
  id: string,
): Promise<A | undefined> {
  return (await lockAccountsForChange(trx, tables, [id]))[0];
}

/** In the order of their ids, so that two transactions that lock the same accounts never deadlock. */
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

type Versions = Pick<Account, 'passwordVersion' | 'deviceVersion'>;

/** Stores a new password for an account that the transaction has locked. Returns the versions that it has now. */
export async function setPassword(
  trx: Trx,
  tables: PlatformTables<Account>,
  id: string,
  { hash, pepperId }: PasswordHash,
): Promise<Versions> {
  const { rows } = await sql<Versions>`
    update ${tables.account}
    set password_hash = ${hash}, pepper_id = ${pepperId}, password_version = password_version + 1, updated_at = now()
    where id = ${id}
    returning password_version as "passwordVersion", device_version as "deviceVersion"
  `.execute(trx);
  return rows[0] as Versions;
}

/**
 * Stores another hash of the same password, where the row still has the one that the password was compared with. The version stays, and so
 * do sessions and devices.
 */
export async function replacePasswordHash(
  trx: Trx,
  tables: PlatformTables<Account>,
  id: string,
  { stored, made }: { stored: PasswordHash; made: PasswordHash },
): Promise<void> {
  await sql`
    update ${tables.account} set password_hash = ${made.hash}, pepper_id = ${made.pepperId}
    where id = ${id} and password_hash = ${stored.hash} and pepper_id = ${stored.pepperId}
  `.execute(trx);
}

export async function isEmailTaken(trx: Trx, email: string): Promise<boolean> {
  const row = await trx.selectFrom('auth.user').select('id').where('email', '=', email).executeTakeFirst();
  return row !== undefined;
}

type NewUser = {
  tenantId: string;
  email: string;
  fullName: string;
  password: PasswordHash;
  emailVerified?: boolean;
  language?: string | null;
};

/** Undefined when the e-mail is taken, also by a registration that runs at the same moment. */
export async function insertUser(trx: Trx, user: NewUser): Promise<UserAccount | undefined> {
  const { tenantId, email, fullName, password, emailVerified = false, language = null } = user;
  const { rows } = await sql<UserAccount>`
    insert into ${userTables.account} (tenant_id, email, email_verified, full_name, language, password_hash, pepper_id)
    values (${tenantId}, ${email}, ${emailVerified}, ${fullName}, ${language}, ${password.hash}, ${password.pepperId})
    on conflict (tenant_id, email) do nothing
    returning ${userTables.accountColumns}
  `.execute(trx);
  return rows[0];
}

/** An account that has the address, if any. */
export async function findOwnerOfEmail<A extends Account>(
  trx: Trx,
  tables: PlatformTables<A>,
  email: string,
): Promise<A | undefined> {
  const { rows } = await sql<A>`
    select ${tables.accountColumns} from ${tables.account} where email = ${email}`.execute(trx);
  return rows[0];
}

/** For an account that the transaction has locked. */
export async function setEmailVerified(trx: Trx, tables: PlatformTables<Account>, id: string): Promise<void> {
  await sql`
    update ${tables.account} set email_verified = true, updated_at = now() where id = ${id}`.execute(trx);
}

/**
 * Gives an account that the transaction has locked another address.
 *
 * @returns false where another account has it.
 */
export async function setEmail(
  trx: Trx,
  tables: PlatformTables<Account>,
  id: string,
  { email, isVerified }: { email: string; isVerified: boolean },
): Promise<boolean> {
  if (await findOwnerOfEmail(trx, tables, email)) return false;
  try {
    await sql`
      update ${tables.account} set email = ${email}, email_verified = ${isVerified}, updated_at = now() where id = ${id}
    `.execute(trx);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === uniqueViolation) return false;
    throw error;
  }
}

export async function setFullName(trx: Trx, id: string, fullName: string): Promise<void> {
  await sql`update ${userTables.account} set full_name = ${fullName} where id = ${id}`.execute(trx);
}

export async function allowsRegistration(trx: Trx, tenantId: string): Promise<boolean> {
  const tenant = await trx
    .selectFrom('auth.tenant')
    .select('self_registration')
    .where('id', '=', tenantId)
    .executeTakeFirst();
  return tenant?.self_registration === true;
}

/** What people call the tenant. */
export async function getTenantName(trx: Trx, tenantId: string): Promise<string> {
  const { name } = await trx
    .selectFrom('auth.tenant')
    .select('name')
    .where('id', '=', tenantId)
    .executeTakeFirstOrThrow();
  return name;
}

/** The tenant's name in URLs and headers. */
export async function getTenantSlug(trx: Trx, tenantId: string): Promise<string> {
  const { slug } = await trx
    .selectFrom('auth.tenant')
    .select('slug')
    .where('id', '=', tenantId)
    .executeTakeFirstOrThrow();
  return slug;
}
