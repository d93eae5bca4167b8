import { readInTenant } from '@signet/db';
import { findAccountByEmail } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { DeviceDelivery } from './device-delivery.ts';

/** A device from which somebody signed in to the account before. */
export type KnownDevice = { id: string; accountId: string };

type Presented = { tenantId: string; spellings: readonly string[]; deviceToken: string | undefined };

/** The device that the token names, if it is one of the account that the e-mail names. No token, no query. */
export async function findKnownDevice<A extends Account>(
  { db, tables, devices, now }: Pick<PlatformIssuer<A>, 'db' | 'tables' | 'devices' | 'now'>,
  { tenantId, spellings, deviceToken }: Presented,
): Promise<KnownDevice | undefined> {
  if (spellings.length === 0 || deviceToken === undefined || !devices.hasForm(deviceToken)) return undefined;
  const found = await readInTenant(db, tenantId, (trx) => findAccountByEmail(trx, tables, spellings));
  const id = found && devices.findDevice(deviceToken, found.account, now());
  return id === undefined ? undefined : { id, accountId: found?.account.id as string };
}

/**
 * Gives the device a token of the account, after a sign-in or a change of password has been committed. Returns what the answer's
 * `deviceToken` is.
 */
export function giveDeviceToken(
  { platform, devices, now }: Pick<PlatformIssuer, 'platform' | 'devices' | 'now'>,
  delivery: DeviceDelivery,
  {
    account,
    deviceToken,
  }: { account: Pick<Account, 'id' | 'deviceVersion'>; deviceToken: string | undefined },
): string | null {
  return delivery.deliver(platform, devices.addToken(deviceToken, account, now()), devices.lifetimeSeconds);
}
