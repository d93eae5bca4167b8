import { inTenant, readInTenant } from '@signet/db';
import { findAccountByEmail, lockAccount } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { setSessionDevice } from '../sessions/session.queries.ts';
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

type Seen = {
  account: Pick<Account, 'id' | 'deviceVersion'>;
  /** What the client sent. */
  deviceToken: string | undefined;
  /** The session whose tokens the answer has: it ends with the device. */
  sessionId: string;
};

/**
 * Gives the device a token of the account, after a sign-in or a change of password has been committed, and notes that it was seen. Returns
 * what the answer's `deviceToken` is: null where that could not be noted, since a token whose device has no row is worth nothing. The
 * sign-in is committed, and its answer must not be lost.
 */
export async function giveDeviceToken<A extends Account>(
  issuer: Pick<PlatformIssuer<A>, 'platform' | 'db' | 'tables' | 'devices' | 'now' | 'log'>,
  delivery: DeviceDelivery,
  { account, deviceToken, sessionId }: Seen,
): Promise<string | null> {
  const { platform, db, tables, devices, log } = issuer;
  const { sender } = delivery;
  try {
    const text = await inTenant(db, sender.tenantId, async (trx) => {
      // First the account, as whoever ends a device does: of the two at once, one comes first.
      await lockAccount(trx, tables, account.id);
      const given = await noteDevice(trx, issuer, { ...sender, account, deviceToken });
      await setSessionDevice(trx, tables, { id: sessionId, device: given.id });
      return given.token;
    });
    return delivery.deliver(platform, text, devices.lifetimeSeconds);
  } catch (err) {
    log.error({ err, platform, session: sessionId }, 'a device was not noted: it got no device token');
    return null;
  }
}
