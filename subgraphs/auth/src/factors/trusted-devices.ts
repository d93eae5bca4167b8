import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { addSeconds } from '../dates.ts';
import { findLiveDevice } from '../devices/device.queries.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';

type Trx = Transaction<Database>;

/**
 * When a second factor was proven on the device that the token names, where it isn't asked for there again. A change of password makes
 * all device tokens of an account worthless, and a change of factors deletes the rows.
 *
 * @returns undefined where the factor is asked for.
 */
export async function findTrustedSince<A extends Account>(
  trx: Trx,
  { tables, devices, factors, now }: Pick<PlatformIssuer<A>, 'tables' | 'devices' | 'factors' | 'now'>,
  account: Account,
  deviceToken: string | undefined,
): Promise<Date | undefined> {
  if (factors.rememberSeconds === 0) return undefined;
  const device = await findLiveDevice(trx, { tables, devices, now }, account, deviceToken);
  if (device === undefined) return undefined;
  const { rows } = await sql<{ provenAt: Date }>`
    select created_at as "provenAt" from ${tables.trustedDevice}
    where account_id = ${account.id} and device_id = ${device} and expires_at > ${now()}
  `.execute(trx);
  return rows[0]?.provenAt;
}

/**
 * Remembers a device on which a second factor was proven just now.
 *
 * @param deviceToken one that the account was just given.
 */
export async function trustDevice<A extends Account>(
  trx: Trx,
  { tables, devices, factors, now }: Pick<PlatformIssuer<A>, 'tables' | 'devices' | 'factors' | 'now'>,
  { tenantId, account, deviceToken }: { tenantId: string; account: Account; deviceToken: string },
): Promise<void> {
  const device = devices.findDevice(deviceToken, account, now());
  if (device === undefined) return;
  const createdAt = now();
  const expiresAt = addSeconds(createdAt, factors.rememberSeconds);
  await sql`
    insert into ${tables.trustedDevice} (tenant_id, account_id, device_id, created_at, expires_at)
    values (${tenantId}, ${account.id}, ${device}, ${createdAt}, ${expiresAt})
    on conflict (tenant_id, account_id, device_id) do update 
      set created_at = excluded.created_at, expires_at = excluded.expires_at
  `.execute(trx);
}

export async function distrustDevices<A extends Account>(
  trx: Trx,
  { tables }: Pick<PlatformIssuer<A>, 'tables'>,
  accountId: string,
): Promise<void> {
  await sql`delete from ${tables.trustedDevice} where account_id = ${accountId}`.execute(trx);
}
