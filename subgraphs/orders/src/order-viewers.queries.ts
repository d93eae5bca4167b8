import { idOfSubject } from '@signet/access';
import { type Database, findSubjects } from '@signet/db';
import type { Transaction } from 'kysely';
import { viewerRelation } from './order-viewers.ts';

/** Ids of the customers with whom each order was shared, the earliest first. */
export async function findViewers(
  trx: Transaction<Database>,
  orderIds: readonly string[],
): Promise<string[][]> {
  const subjects = await findSubjects(trx, viewerRelation, orderIds);
  return subjects.map((ofOrder) => ofOrder.map(idOfSubject));
}
