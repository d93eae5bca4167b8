import { idOfSubject, type RelationTuple, userSubject } from '@signet/access';
import { type Database, findSubjects } from '@signet/db';
import type { Transaction } from 'kysely';
import type { GraphqlContext } from './context.ts';

/** The relation of an order to the customers with whom its owner shared it. */
const viewerRelation = { namespace: 'order', relation: 'viewer' } as const;

export function viewerTuple(orderId: string, userId: string): RelationTuple {
  return { ...viewerRelation, object: orderId, subject: userSubject(userId) };
}

/** Ids of the customers with whom each order was shared, the earliest first. */
export async function findViewers(
  trx: Transaction<Database>,
  orderIds: readonly string[],
): Promise<string[][]> {
  const subjects = await findSubjects(trx, viewerRelation, orderIds);
  return subjects.map((ofOrder) => ofOrder.map(idOfSubject));
}

/** Call it after the commit: later fields of the same request must see the change. */
export function forgetViewers({ relations, loaders }: GraphqlContext, orderId: string): void {
  relations.clear();
  loaders.viewersOfOrder.clear(orderId);
}
