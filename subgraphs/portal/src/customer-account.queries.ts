import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';

type Trx = Transaction<Database>;

export type CustomerSessionRow = {
  user_id: string;
  id: string;
  device: string;
  address: string | null;
  amr: string[];
  created_at: Date;
  last_used_at: Date;
  expires_at: Date;
};
export type CustomerFactorRow = {
  user_id: string;
  kind: 'totp' | 'passkey' | 'recovery_codes';
  codes: number | null;
  created_at: Date;
  last_used_at: Date | null;
};
export type CustomerDeviceRow = {
  user_id: string;
  id: string;
  name: string;
  address: string | null;
  first_seen_at: Date;
  last_seen_at: Date;
  is_remembered: boolean;
};
export type RememberedDeviceRow = { user_id: string; created_at: Date; expires_at: Date };

const maxListed = 100;

// auth publishes these functions: this process may read neither sessions nor what proves who a customer is.

export function findSessionsOf(trx: Trx, customerIds: readonly string[]): Promise<CustomerSessionRow[][]> {
  return findOf(trx, 'auth.list_customer_sessions', customerIds);
}

export function findFactorsOf(trx: Trx, customerIds: readonly string[]): Promise<CustomerFactorRow[][]> {
  return findOf(trx, 'auth.list_customer_factors', customerIds);
}

export function findRememberedDevicesOf(
  trx: Trx,
  customerIds: readonly string[],
): Promise<RememberedDeviceRow[][]> {
  return findOf(trx, 'auth.list_customer_devices', customerIds);
}

export function findDevicesOf(trx: Trx, customerIds: readonly string[]): Promise<CustomerDeviceRow[][]> {
  return findOf(trx, 'auth.list_customer_known_devices', customerIds);
}

/** The rows of each customer, in the order of the ids. */
async function findOf<R extends { user_id: string }>(
  trx: Trx,
  name: string,
  customerIds: readonly string[],
): Promise<R[][]> {
  const { rows } = await sql<R>`
    select * from ${sql.raw(name)}(${customerIds}::uuid[], ${maxListed})`.execute(trx);
  const byCustomer = Map.groupBy(rows, (row) => row.user_id);
  return customerIds.map((id) => byCustomer.get(id) ?? []);
}

/** `done`, or what stands in the way; undefined where the tenant has no such customer. */
export type RequestOutcome = 'done' | 'suspended' | 'no_mail' | 'same' | 'taken' | undefined;
type Act = { customerId: string; staffId: string; sessionId: string | undefined };

/** How many sessions ended with the device; -1 where the customer has no such device, undefined for no such customer. */
export async function endDevice(
  trx: Trx,
  { customerId, staffId, sessionId }: Act,
  deviceId: string,
): Promise<number | undefined> {
  const { rows } = await sql<{ ended: number | null }>`
    select auth.end_customer_device(${customerId}, ${deviceId}, ${staffId}, ${sessionId}) as ended`.execute(
    trx,
  );
  return rows[0]?.ended ?? undefined;
}

/** Asks the customers' auth process for a mail with a link. */
export async function requestPasswordReset(
  trx: Trx,
  { customerId, staffId, sessionId }: Act,
): Promise<RequestOutcome> {
  const { rows } = await sql<{ outcome: RequestOutcome | null }>`
    select auth.request_customer_password_reset(${customerId}, ${staffId}, ${sessionId}) as outcome`.execute(
    trx,
  );
  return rows[0]?.outcome ?? undefined;
}

/** Changes the address at once; the customers' auth process tells both. */
export async function correctEmail(
  trx: Trx,
  { customerId, staffId, sessionId }: Act,
  newEmail: string,
): Promise<RequestOutcome> {
  const { rows } = await sql<{ outcome: RequestOutcome | null }>`
    select auth.correct_customer_email(${customerId}, ${staffId}, ${sessionId}, ${newEmail}) as outcome`.execute(
    trx,
  );
  return rows[0]?.outcome ?? undefined;
}
