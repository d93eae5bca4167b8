import type { Database } from '@signet/db';
import { type InferResult, sql, type Transaction } from 'kysely';

export type CustomerRow = InferResult<ReturnType<typeof selectCustomers>>[number];

/** Only columns that this process's role may read: nothing that proves who a customer is. */
export function selectCustomers(trx: Transaction<Database>) {
  return trx.selectFrom('auth.user').select(['id', 'email', 'full_name', 'is_active']);
}

/** In no particular order. */
export function findCustomers(trx: Transaction<Database>, ids: readonly string[]): Promise<CustomerRow[]> {
  return selectCustomers(trx).where(sql<boolean>`id = any(${ids})`).execute();
}

/** The customer, who must be there. */
export function getCustomer(trx: Transaction<Database>, id: string): Promise<CustomerRow> {
  return selectCustomers(trx).where('id', '=', id).executeTakeFirstOrThrow();
}
