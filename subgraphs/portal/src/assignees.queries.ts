import { idOfSubject, type RelationTuple, staffSubject } from '@signet/access';
import { type Database, findSubjects } from '@signet/db';
import { type RawBuilder, sql, type Transaction } from 'kysely';

/** The relation of a customer to the members of staff who are responsible for them. */
const assigneeRelation = { namespace: 'customer', relation: 'assignee' } as const;

export function assigneeTuple(customerId: string, staffId: string): RelationTuple {
  return { ...assigneeRelation, object: customerId, subject: staffSubject(staffId) };
}

/** Ids of the members of staff who are responsible for each customer, the earliest first. */
export async function findAssignees(
  trx: Transaction<Database>,
  customerIds: readonly string[],
): Promise<string[][]> {
  const subjects = await findSubjects(trx, assigneeRelation, customerIds);
  return subjects.map((ofCustomer) => ofCustomer.map(idOfSubject));
}

/** Ids of the customers for whom a member of staff is responsible. */
export function selectAssigned(staffId: string): RawBuilder<string> {
  const { namespace, relation } = assigneeRelation;
  return sql`
    select object::uuid from access.relation_tuple
    where subject = ${staffSubject(staffId)} and namespace = ${namespace} and relation = ${relation}`;
}

/** Whether there is such a member of staff. This process may not read their accounts: auth publishes a function, which locks the row. */
export async function lockActiveStaff(trx: Transaction<Database>, staffId: string): Promise<boolean> {
  const { rows } = await sql<{ isActive: boolean }>`
    select auth.lock_active_staff(${staffId}) as "isActive"`.execute(trx);
  return rows[0]?.isActive === true;
}
