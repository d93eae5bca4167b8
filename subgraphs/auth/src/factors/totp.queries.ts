import { randomUUID } from 'node:crypto';
import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { findTotpStep } from './totp.ts';

type Trx = Transaction<Database>;
type Issuer<A extends Account> = Pick<PlatformIssuer<A>, 'tables' | 'factors' | 'now'>;

export type TotpRow = {
  id: string;
  sealed: Buffer;
  pepperId: string;
  createdAt: Date;
  lastUsedAt: Date | null;
};

/** `begun`: its first code was not typed yet. An account has at most one of each state. */
async function findTotp<A extends Account>(
  trx: Trx,
  { tables }: Issuer<A>,
  accountId: string,
  state: 'begun' | 'confirmed',
): Promise<TotpRow | undefined> {
  const { rows } = await sql<TotpRow>`
    select id, sealed_secret as sealed, pepper_id as "pepperId", coalesce(confirmed_at, created_at) as "createdAt",
      last_used_at as "lastUsedAt"
    from ${tables.totp}
    where account_id = ${accountId} and ${state === 'begun' ? sql`confirmed_at is null` : sql`confirmed_at is not null`}
  `.execute(trx);
  return rows[0];
}

/** The account's authenticator app. */
export function findConfirmedTotp<A extends Account>(
  trx: Trx,
  issuer: Issuer<A>,
  accountId: string,
): Promise<TotpRow | undefined> {
  return findTotp(trx, issuer, accountId, 'confirmed');
}

/** Keeps a new secret until its first code is typed, in place of one that was begun before. Under the account's row lock. */
export async function beginTotp<A extends Account>(
  trx: Trx,
  { tables, factors, now }: Issuer<A>,
  { tenantId, accountId, secret }: { tenantId: string; accountId: string; secret: Buffer },
): Promise<void> {
  const id = randomUUID();
  const { sealed, pepperId } = factors.secrets.seal(secret, id);
  await sql`
    delete from ${tables.totp} where account_id = ${accountId} and confirmed_at is null`.execute(trx);
  await sql`
    insert into ${tables.totp} (id, tenant_id, account_id, sealed_secret, pepper_id, created_at)
    values (${id}, ${tenantId}, ${accountId}, ${sealed}, ${pepperId}, ${now()})
  `.execute(trx);
}

/**
 * Makes the secret that was begun the account's, in place of the one before, if `code` is of it. The code is used up by that. Under the
 * account's row lock.
 *
 * @returns whether it was; false also where nothing was begun.
 */
export async function confirmTotp<A extends Account>(
  trx: Trx,
  issuer: Issuer<A>,
  accountId: string,
  code: string,
): Promise<boolean> {
  const { tables, factors, now } = issuer;
  const begun = await findTotp(trx, issuer, accountId, 'begun');
  const step = begun && findTotpStep(factors.secrets.open(begun, begun.id), code, now());
  if (!begun || step === undefined) return false;
  await sql`
    delete from ${tables.totp} where account_id = ${accountId} and confirmed_at is not null`.execute(trx);
  await sql`
    update ${tables.totp} set confirmed_at = ${now()}, last_step = ${step} where id = ${begun.id}`.execute(
    trx,
  );
  return true;
}

/**
 * Uses a code of the account's app up (RFC 6238, section 5.2): of callers at once, in any number of processes, exactly one succeeds.
 * A secret that is sealed under an earlier pepper is sealed again.
 */
export async function useTotpCode<A extends Account>(
  trx: Trx,
  issuer: Issuer<A>,
  accountId: string,
  code: string,
): Promise<boolean> {
  const { tables, factors, now } = issuer;
  const totp = await findConfirmedTotp(trx, issuer, accountId);
  const secret = totp && factors.secrets.open(totp, totp.id);
  const step = secret && findTotpStep(secret, code, now());
  if (!totp || !secret || step === undefined) return false;
  const { sealed, pepperId } = factors.secrets.isCurrent(totp.pepperId)
    ? totp
    : factors.secrets.seal(secret, totp.id);
  const { rows } = await sql`
    update ${tables.totp}
    set last_step = ${step}, last_used_at = ${now()}, sealed_secret = ${sealed}, pepper_id = ${pepperId}
    where id = ${totp.id} and last_step < ${step} returning id
  `.execute(trx);
  return rows.length === 1;
}

/** @returns whether there was one. One that was only begun goes as well. */
export async function deleteTotp<A extends Account>(
  trx: Trx,
  { tables }: Pick<Issuer<A>, 'tables'>,
  accountId: string,
): Promise<boolean> {
  const { rows } = await sql<{ confirmed: boolean }>`
    delete from ${tables.totp} where account_id = ${accountId} returning confirmed_at is not null as confirmed
  `.execute(trx);
  return rows.some(({ confirmed }) => confirmed);
}
