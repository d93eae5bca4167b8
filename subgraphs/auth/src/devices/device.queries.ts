import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { addSeconds } from '../dates.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { SessionClient } from '../sessions/session.queries.ts';

type Trx = Transaction<Database>;
type DeviceAccount = Pick<Account, 'id' | 'deviceVersion'>;

/**
 * The id of the device that a token names: signed for this account, and not ended by its owner. The text of a token alone is not enough
 * where something is decided by it.
 */
export async function findLiveDevice<A extends Account>(
  trx: Trx,
  { tables, devices, now }: Pick<PlatformIssuer<A>, 'tables' | 'devices' | 'now'>,
  account: DeviceAccount,
  deviceToken: string | undefined,
): Promise<string | undefined> {
  const id = deviceToken === undefined ? undefined : devices.findDevice(deviceToken, account, now());
  if (id === undefined) return undefined;
  const { rows } = await sql`
    select from ${tables.device}
    where account_id = ${account.id} and device_id = ${id} and device_version = ${account.deviceVersion}
      and expires_at > ${now()}
  `.execute(trx);
  return rows.length === 1 ? id : undefined;
}

type SeenDevice = {
  tenantId: string;
  account: DeviceAccount;
  client: SessionClient;
  /** What the client sent. */
  deviceToken: string | undefined;
};

/**
 * Notes that somebody signed in to the account on this device.
 *
 * @returns its id, and the text of its device token from now on. A device that was ended begins anew: copies of its old token stay worthless.
 */
export async function noteDevice<A extends Account>(
  trx: Trx,
  issuer: Pick<PlatformIssuer<A>, 'tables' | 'devices' | 'now'>,
  { tenantId, account, client, deviceToken }: SeenDevice,
): Promise<{ id: string; token: string }> {
  const { tables, devices } = issuer;
  const now = issuer.now();
  const known = await findLiveDevice(trx, issuer, account, deviceToken);
  const text = devices.addToken(deviceToken, account, now, { isNew: known === undefined });
  const id = devices.findDevice(text, account, now) as string;
  const expiresAt = addSeconds(now, devices.lifetimeSeconds);
  await sql`
    insert into ${tables.device}
      (tenant_id, account_id, device_id, device_version, user_agent, address, first_seen_at, last_seen_at, expires_at)
    values (${tenantId}, ${account.id}, ${id}, ${account.deviceVersion}, ${client.device}, ${client.address}::inet, ${now}, ${now},
      ${expiresAt})
    on conflict (tenant_id, account_id, device_id) do update set user_agent = excluded.user_agent, address = excluded.address,
      last_seen_at = excluded.last_seen_at, expires_at = excluded.expires_at
  `.execute(trx);
  return { id, token: text };
}

/** A device as its owner sees it. */
export type OwnDevice = {
  id: string;
  name: string;
  address: string | null;
  firstSeenAt: Date;
  lastSeenAt: Date;
  remembered: boolean;
};

const maxListed = 100;

/** Last seen first. */
export async function listDevices<A extends Account>(
  trx: Trx,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  account: DeviceAccount,
): Promise<OwnDevice[]> {
  const { rows } = await sql<OwnDevice>`
    select device_id as id, user_agent as name, host(address) as address, first_seen_at as "firstSeenAt",
      last_seen_at as "lastSeenAt", exists (
        select from ${tables.trustedDevice} t
        where t.account_id = d.account_id and t.device_id = d.device_id and t.expires_at > ${now()}
      ) as remembered
    from ${tables.device} d
    where account_id = ${account.id} and device_version = ${account.deviceVersion} and expires_at > ${now()}
    order by last_seen_at desc, device_id limit ${maxListed}
  `.execute(trx);
  return rows;
}

/** Forgets a device of the account: its token is worth nothing, and the second factor is asked for again. False where there is none. */
export async function forgetDevice<A extends Account>(
  trx: Trx,
  { tables }: Pick<PlatformIssuer<A>, 'tables'>,
  accountId: string,
  id: string,
): Promise<boolean> {
  await sql`
    delete from ${tables.trustedDevice} where account_id = ${accountId} and device_id = ${id}`.execute(trx);
  const { rows } = await sql`
    delete from ${tables.device} where account_id = ${accountId} and device_id = ${id} returning device_id
  `.execute(trx);
  return rows.length === 1;
}
