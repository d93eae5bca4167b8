import { idOfSubject } from '@signet/access';
import { type Database, findSubjects } from '@signet/db';
import type { Transaction } from 'kysely';
import { assigneeRelation } from './customer-assignees.ts';

/** Ids of the members of staff who are responsible for each customer, the earliest first. */
export async function findAssignees(
  trx: Transaction<Database>,
  customerIds: readonly string[],
): Promise<string[][]> {
  const subjects = await findSubjects(trx, assigneeRelation, customerIds);
  return subjects.map((ofCustomer) => ofCustomer.map(idOfSubject));
}
