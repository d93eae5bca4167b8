import { inTenant, readInTenant } from '@signet/db';
import { findAccountByEmail } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { findLiveDevice, noteDevice } from './device.queries.ts';
import type { DeviceDelivery } from './device-delivery.ts';

/** A device from which somebody signed in to the account before. */
export type KnownDevice = { id: string; accountId: string };

type Presented = { tenantId: string; spellings: readonly string[]; deviceToken: string | undefined };

/** The device that the token names, if it is one of the account that the e-mail names. No token, no query. */
export async function findKnownDevice<A extends Account>(
  issuer: Pick<PlatformIssuer<A>, 'db' | 'tables' | 'devices' | 'now'>,
  { tenantId, spellings, deviceToken }: Presented,
): Promise<KnownDevice | undefined> {
  const { db, tables, devices } = issuer;
  if (spellings.length === 0 || deviceToken === undefined || !devices.hasForm(deviceToken)) return undefined;
  return readInTenant(db, tenantId, async (trx) => {
    const found = await findAccountByEmail(trx, tables, spellings);
    const id = found && (await findLiveDevice(trx, issuer, found.account, deviceToken));
    return id === undefined ? undefined : { id, accountId: found?.account.id as string };
  });
}

/**
 * Gives the device a token of the account, after a sign-in or a change of password has been committed, and notes that it was seen. Returns
 * what the answer's `deviceToken` is.
 */
export async function giveDeviceToken<A extends Account>(
  issuer: Pick<PlatformIssuer<A>, 'platform' | 'db' | 'tables' | 'devices' | 'now'>,
  delivery: DeviceDelivery,
  seen: { account: Pick<Account, 'id' | 'deviceVersion'>; deviceToken: string | undefined },
): Promise<string | null> {
  const { platform, db, devices, now } = issuer;
  const { tenantId } = delivery.sender;
  const text = await inTenant(db, tenantId, (trx) =>
    noteDevice(trx, issuer, { ...delivery.sender, ...seen }),
  ).catch(() => devices.addToken(seen.deviceToken, seen.account, now())); // The sign-in is committed, and its answer must not be lost.
  return delivery.deliver(platform, text, devices.lifetimeSeconds);
}
