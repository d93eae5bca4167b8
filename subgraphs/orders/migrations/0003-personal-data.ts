import { answerPersonalData, dropPersonalData } from '@signet/db/migrations-support';
import { type Kysely, sql } from 'kysely';

/** Customers ask for a copy of their orders, or for an end of what ties them to a person. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await answerPersonalData(db, 'orders');
  await sql`grant delete on orders.idempotency_key to signet_orders`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`revoke delete on orders.idempotency_key from signet_orders`.execute(db);
  await dropPersonalData(db, 'orders');
}
