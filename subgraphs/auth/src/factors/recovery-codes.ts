import { randomInt } from 'node:crypto';
import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';

type Trx = Transaction<Database>;
type Issuer<A extends Account> = Pick<PlatformIssuer<A>, 'tables' | 'factors' | 'now'>;

const codesAtOnce = 10;
/** Crockford's base32, without letters that look like others: 12 of them are 60 bits. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const groups = 3;
const groupLength = 4;
const maxTyped = 40;

/** `4k2m-9xpz-0wqh`. */
export function createRecoveryCode(): string {
  const group = () =>
    Array.from({ length: groupLength }, () => alphabet[randomInt(alphabet.length)]).join('');
  return Array.from({ length: groups }, group).join('-');
}

/** As it was made, however a person typed it; undefined for what can be no code. */
export function readRecoveryCode(typed: string): string | undefined {
  if (typed.length > maxTyped) return undefined;
  const plain = typed.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1');
  if (!/^[0-9a-hjkmnp-tv-z]{12}$/.test(plain)) return undefined;
  return plain.replace(/(.{4})(.{4})(.{4})/, '$1-$2-$3');
}

/**
 * Gives the account new codes in place of all that it had. Under the account's row lock.
 *
 * @returns the codes: they are nowhere else. Never log them.
 */
export async function renewRecoveryCodes<A extends Account>(
  trx: Trx,
  { tables, factors, now }: Issuer<A>,
  { tenantId, accountId }: { tenantId: string; accountId: string },
): Promise<string[]> {
  const codes = Array.from({ length: codesAtOnce }, createRecoveryCode);
  const hashes = codes.map((code) => factors.secrets.hashCode(code, accountId));
  await deleteRecoveryCodes(trx, { tables }, accountId);
  await sql`
    insert into ${tables.recoveryCode} (code_hash, tenant_id, account_id, pepper_id, created_at)
    select code_hash, ${tenantId}::uuid, ${accountId}::uuid, ${hashes[0]?.pepperId ?? ''}, ${now()}::timestamptz
    from unnest(${hashes.map(({ hash }) => hash)}::bytea[]) as code_hash
  `.execute(trx);
  return codes;
}

/** Uses a code up: of callers at once exactly one succeeds. */
export async function useRecoveryCode<A extends Account>(
  trx: Trx,
  { tables, factors }: Issuer<A>,
  accountId: string,
  typed: string,
): Promise<boolean> {
  const code = readRecoveryCode(typed);
  if (code === undefined) return false;
  const hashes = factors.secrets.listHashes(code, accountId);
  const { rows } = await sql`
    delete from ${tables.recoveryCode}
    where account_id = ${accountId} and code_hash = any(${hashes}::bytea[]) returning account_id
  `.execute(trx);
  return rows.length === 1;
}

export async function countRecoveryCodes<A extends Account>(
  trx: Trx,
  { tables }: Pick<Issuer<A>, 'tables'>,
  accountId: string,
): Promise<number> {
  const { rows } = await sql<{ left: number }>`
    select count(*)::integer as left from ${tables.recoveryCode} where account_id = ${accountId}
  `.execute(trx);
  return rows[0]?.left ?? 0;
}

/** @returns whether the account had any. */
export async function deleteRecoveryCodes<A extends Account>(
  trx: Trx,
  { tables }: Pick<Issuer<A>, 'tables'>,
  accountId: string,
): Promise<boolean> {
  const { rows } = await sql`
    delete from ${tables.recoveryCode} where account_id = ${accountId} returning account_id`.execute(trx);
  return rows.length > 0;
}
