import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '@signet/db';
import { badInput, type RefusalError } from '@signet/service';
import { sql, type Transaction } from 'kysely';
import {
  type AccountWithPassword,
  findAccountWithPassword,
  lockAccountForChange,
} from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { addSeconds, earlier } from '../dates.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';

type Trx = Transaction<Database>;

/** What a token is good for, with its life in seconds. A token of one purpose is unknown to the others. */
export const accountTokenSeconds = {
  verify_email: 3 * 24 * 3600,
  reset_password: 3600,
  confirm_email: 24 * 3600,
  undo_email: 72 * 3600,
} as const;
export type AccountTokenPurpose = keyof typeof accountTokenSeconds;

/** What these tokens take back, a change of the password or a suspension must not protect: a thief would make one. */
const outliveChanges: ReadonlySet<AccountTokenPurpose> = new Set(['undo_email']);

/**
 * From when on what changed in an account may be a thief's, who asked for another address in a session that began at `sessionBegan`: all
 * that happened in it, and all of the three days before, in which they may have had another. An owner has as long to undo what a mail
 * told them of.
 */
export function suspectSince(asked: Date, sessionBegan = asked): Date {
  return earlier(sessionBegan, addSeconds(asked, -accountTokenSeconds.undo_email));
}

type Data = Readonly<Record<string, string>>;
type NewToken = { tenantId: string; account: Account; purpose: AccountTokenPurpose; data?: Data };

const tokenForm = /^[A-Za-z0-9_-]{43}$/;

/**
 * Makes a single-use token for an account as it is now, to travel in a mail: 256 random bits, stored as SHA-256. It dies when it is
 * used, when it expires, and when the password or the e-mail of the account changes; one that undoes a change of the e-mail outlives
 * such changes, and a suspension.
 *
 * @param data kept beside it, for the one who uses it.
 * @returns the token's text. It is nowhere else: never log it.
 */
export async function createAccountToken<A extends Account>(
  trx: Trx,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  { tenantId, account, purpose, data = {} }: NewToken,
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const createdAt = now();
  await sql`
    insert into ${tables.accountToken}
      (token_hash, tenant_id, account_id, purpose, password_version, email, data, created_at, expires_at)
    values (${hashOf(token)}, ${tenantId}, ${account.id}, ${purpose}, ${account.passwordVersion}, ${account.email},
      ${JSON.stringify(data)}, ${createdAt}, ${addSeconds(createdAt, accountTokenSeconds[purpose])})
  `.execute(trx);
  return token;
}

type StoredToken = {
  account_id: string;
  password_version: number;
  email: string;
  data: Data;
  created_at: Date;
};
/** A token and its account, as it is now. */
export type FoundToken<A> = { account: A; data: Data; createdAt: Date };

const columns = sql`account_id, password_version, email, data, created_at`;

/** Reads a token without using it up. Undefined for the same reasons as `useAccountToken`. */
export async function findAccountToken<A extends Account>(
  trx: Trx,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  token: string,
  purpose: AccountTokenPurpose,
): Promise<(FoundToken<A> & AccountWithPassword<A>) | undefined> {
  if (!tokenForm.test(token)) return undefined;
  const { rows } = await sql<StoredToken>`
    select ${columns} from ${tables.accountToken}
    where token_hash = ${hashOf(token)} and purpose = ${purpose} and expires_at > ${now()}`.execute(trx);
  const [stored] = rows;
  const found = stored && (await findAccountWithPassword(trx, tables, stored.account_id));
  return found && isUsable(stored, found.account, purpose) ? { ...found, ...readStored(stored) } : undefined;
}

/**
 * Uses a token up, and locks its account for change. Of callers at once exactly one succeeds; where the transaction is rolled back, the
 * token can still be used. The tenant is the transaction's.
 *
 * @returns undefined, whatever is wrong: no such token here, expired, for another purpose, of an account that has changed since, or
 * that is deactivated (which one that undoes a change of the e-mail outlives).
 */
export async function useAccountToken<A extends Account>(
  trx: Trx,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  token: string,
  purpose: AccountTokenPurpose,
): Promise<FoundToken<A> | undefined> {
  if (!tokenForm.test(token)) return undefined;
  const own = sql`token_hash = ${hashOf(token)} and purpose = ${purpose} and expires_at > ${now()}`;
  const found = await sql<{ account_id: string }>`
    select account_id from ${tables.accountToken} where ${own}`.execute(trx);
  const id = found.rows[0]?.account_id;
  // First the account: everything else that changes it takes its lock first too.
  const account = id === undefined ? undefined : await lockAccountForChange(trx, tables, id);
  if (!account) return undefined;
  const { rows } = await sql<StoredToken>`
    delete from ${tables.accountToken} where ${own} returning ${columns}
  `.execute(trx);
  const [stored] = rows;
  return stored && isUsable(stored, account, purpose) ? { account, ...readStored(stored) } : undefined;
}

function isUsable(stored: StoredToken, account: Account, purpose: AccountTokenPurpose): boolean {
  const isOfThisState = stored.password_version === account.passwordVersion && stored.email === account.email;
  return outliveChanges.has(purpose) || (account.isActive && isOfThisState);
}

function readStored({ data, created_at }: StoredToken): { data: Data; createdAt: Date } {
  return { data, createdAt: created_at };
}

/** Ends all tokens of an account for a purpose, such as links in earlier mails. */
export async function endAccountTokens<A extends Account>(
  trx: Trx,
  { tables }: Pick<PlatformIssuer<A>, 'tables'>,
  accountId: string,
  purpose: AccountTokenPurpose,
): Promise<void> {
  await sql`
    delete from ${tables.accountToken} where account_id = ${accountId} and purpose = ${purpose}`.execute(trx);
}

/**
 * Ends the tokens of an account that its new state makes worthless. Those that undo a change of the e-mail stay, except the ones made
 * from `undoSince` on: they would take back what has been undone.
 */
export async function endTokensOfEarlierState<A extends Account>(
  trx: Trx,
  { tables }: Pick<PlatformIssuer<A>, 'tables'>,
  accountId: string,
  { undoSince }: { undoSince?: Date } = {},
): Promise<void> {
  await sql`
    delete from ${tables.accountToken} where account_id = ${accountId}
      and (purpose <> all(${[...outliveChanges]}::text[]) or created_at >= ${undoSince ?? null}::timestamptz)
  `.execute(trx);
}

/** One refusal for every token that can't be used, so that none tells whether there is such an account. */
export function badToken(): RefusalError {
  return badInput('token', 'This link is not valid any more. Ask for a new one.');
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
