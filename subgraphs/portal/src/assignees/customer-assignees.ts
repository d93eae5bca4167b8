import { type RelationTuple, staffSubject } from '@signet/access';
import type { GraphqlContext } from '../context.ts';

/** In which those members of staff stand to a customer who are responsible for them. */
export const assigneeRelation = { namespace: 'customer', relation: 'assignee' } as const;

export function assigneeTuple(customerId: string, staffId: string): RelationTuple {
  return { ...assigneeRelation, object: customerId, subject: staffSubject(staffId) };
}

/** After the commit: what follows in the same request must not be answered as before. */
export function forgetAssignees({ relations, loaders }: GraphqlContext, customerId: string): void {
  relations.clear();
  loaders.assigneesOfCustomer.clear(customerId);
}
