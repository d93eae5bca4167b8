import type { Database } from '@signet/db';
import { type RawBuilder, sql, type Transaction } from 'kysely';

/**
 * What auth publishes to this process, which may not write to accounts or see their sessions. Each function holds the
 * account's row against sign-in and refresh. Null where the tenant has no such customer.
 */
export const endSessionsOf = (customerId: string) =>
  sql<number | null>`auth.end_customer_sessions(${customerId})`;
export const suspend = (customerId: string) => sql<number | null>`auth.suspend_customer(${customerId})`;
export const reinstate = (customerId: string) => sql<number | null>`auth.reinstate_customer(${customerId})`;

/** How many rows it changed; undefined where there is no such customer. */
export async function administer(
  trx: Transaction<Database>,
  call: RawBuilder<number | null>,
): Promise<number | undefined> {
  const { rows } = await sql<{ changed: number | null }>`select ${call} as changed`.execute(trx);
  return rows[0]?.changed ?? undefined;
}
