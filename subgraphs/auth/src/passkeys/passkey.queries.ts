import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';

type Trx = Transaction<Database>;
type Issuer<A extends Account> = Pick<PlatformIssuer<A>, 'tables' | 'now'>;

/** A passkey as its owner sees it. */
export type OwnPasskey = {
  id: string;
  name: string;
  createdAt: Date;
  lastUsedAt: Date | null;
  /** Copies of it were seen. */
  disabledAt: Date | null;
  /** Whether it is on several devices, by way of an account of the owner elsewhere. */
  isSynced: boolean;
};

/** What an answer of a passkey is checked against. */
export type StoredPasskey = OwnPasskey & {
  accountId: string;
  credentialId: Buffer;
  publicKey: Buffer;
  transports: string[];
  deviceType: 'single_device' | 'multi_device';
};

const ownColumns = sql<OwnPasskey>`
  id, name, created_at as "createdAt", last_used_at as "lastUsedAt", disabled_at as "disabledAt",
  device_type = 'multi_device' as "isSynced"`;
const storedColumns = sql<StoredPasskey>`
  ${ownColumns}, account_id as "accountId", credential_id as "credentialId", public_key as "publicKey", transports,
  device_type as "deviceType"`;

/** An account's passkeys, the oldest first, with those that are disabled. */
export async function listPasskeys<A extends Account>(
  trx: Trx,
  { tables }: Pick<Issuer<A>, 'tables'>,
  accountId: string,
): Promise<StoredPasskey[]> {
  const { rows } = await sql<StoredPasskey>`
    select ${storedColumns} from ${tables.passkey} where account_id = ${accountId} order by created_at, id
  `.execute(trx);
  return rows;
}

export async function findPasskey<A extends Account>(
  trx: Trx,
  { tables }: Pick<Issuer<A>, 'tables'>,
  credentialId: Buffer,
): Promise<StoredPasskey | undefined> {
  const { rows } = await sql<StoredPasskey>`
    select ${storedColumns} from ${tables.passkey} where credential_id = ${credentialId}
  `.execute(trx);
  return rows[0];
}

export type NewPasskey = Pick<StoredPasskey, 'credentialId' | 'publicKey' | 'transports' | 'deviceType'> & {
  signCount: number;
  isBackedUp: boolean;
  /** The make of the authenticator, as a UUID. */
  aaguid: string;
};

/** @returns undefined for a credential that is registered already, for whomever. */
export async function insertPasskey<A extends Account>(
  trx: Trx,
  { tables, now }: Issuer<A>,
  owner: { tenantId: string; accountId: string; name: string },
  passkey: NewPasskey,
): Promise<OwnPasskey | undefined> {
  const { rows } = await sql<OwnPasskey>`
    insert into ${tables.passkey}
      (tenant_id, account_id, credential_id, public_key, sign_count, transports, device_type, is_backed_up, aaguid, name, created_at)
    values
      (${owner.tenantId}, ${owner.accountId}, ${passkey.credentialId}, ${passkey.publicKey}, ${passkey.signCount},
       ${passkey.transports}::text[], ${passkey.deviceType}, ${passkey.isBackedUp}, ${passkey.aaguid}, ${owner.name}, ${now()})
    on conflict do nothing
    returning ${ownColumns}
  `.execute(trx);
  return rows[0];
}

/** `isFactor`: after a password, or in a session. */
type Use = { id: string; signCount: number; isBackedUp: boolean; isFactor: boolean };

/**
 * Notes that a passkey was used. Its counter must have grown, where it counts (WebAuthn Level 3, section 6.1.1): of callers at once with
 * the same count exactly one succeeds.
 *
 * @returns `gone`: removed or disabled meanwhile; `copied`: its counter is not higher than at its last use;
 *   `password_first`: it opens the account without a password only once it was used after the password that the mailbox set.
 */
export async function touchPasskey<A extends Account>(
  trx: Trx,
  { tables, now }: Issuer<A>,
  { id, signCount, isBackedUp, isFactor }: Use,
): Promise<'used' | 'gone' | 'copied' | 'password_first'> {
  const { rows } = await sql`
    update ${tables.passkey} set sign_count = ${signCount}, is_backed_up = ${isBackedUp}, last_used_at = ${now()},
      passwordless = passwordless or ${isFactor}
    where id = ${id} and disabled_at is null and (passwordless or ${isFactor})
      and (sign_count < ${signCount} or (sign_count = 0 and ${signCount}::bigint = 0))
    returning id
  `.execute(trx);
  if (rows.length === 1) return 'used';
  const { rows: left } = await sql<{ passwordless: boolean }>`
    select passwordless from ${tables.passkey} where id = ${id} and disabled_at is null`.execute(trx);
  const [passkey] = left;
  if (!passkey) return 'gone';
  return passkey.passwordless || isFactor ? 'copied' : 'password_first';
}

/** @returns whether it was not disabled yet. */
export async function disablePasskey<A extends Account>(
  trx: Trx,
  { tables, now }: Issuer<A>,
  id: string,
): Promise<boolean> {
  const { rows } = await sql`
    update ${tables.passkey} set disabled_at = ${now()} where id = ${id} and disabled_at is null returning id
  `.execute(trx);
  return rows.length === 1;
}

/** @returns undefined where the account has no such passkey. */
export async function renamePasskey<A extends Account>(
  trx: Trx,
  { tables }: Pick<Issuer<A>, 'tables'>,
  { id, accountId, name }: { id: string; accountId: string; name: string },
): Promise<OwnPasskey | undefined> {
  const { rows } = await sql<OwnPasskey>`
    update ${tables.passkey} set name = ${name} where id = ${id} and account_id = ${accountId} returning ${ownColumns}
  `.execute(trx);
  return rows[0];
}

/** @returns whether the account had such a passkey. */
export async function deletePasskey<A extends Account>(
  trx: Trx,
  { tables }: Pick<Issuer<A>, 'tables'>,
  { id, accountId }: { id: string; accountId: string },
): Promise<boolean> {
  const { rows } = await sql`
    delete from ${tables.passkey} where id = ${id} and account_id = ${accountId} returning id
  `.execute(trx);
  return rows.length === 1;
}

/** @returns how many the account had. */
export async function deletePasskeysOf<A extends Account>(
  trx: Trx,
  { tables }: Pick<Issuer<A>, 'tables'>,
  accountId: string,
): Promise<number> {
  const { rows } = await sql`
    delete from ${tables.passkey} where account_id = ${accountId} returning id`.execute(trx);
  return rows.length;
}

/** From now on each passkey of the account must be used as a second factor once, before it signs in alone again. */
export async function askForPasswordFirst<A extends Account>(
  trx: Trx,
  { tables }: Pick<Issuer<A>, 'tables'>,
  accountId: string,
): Promise<void> {
  await sql`update ${tables.passkey} set passwordless = false where account_id = ${accountId}`.execute(trx);
}
