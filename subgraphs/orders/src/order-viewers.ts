import { type RelationTuple, userSubject } from '@signet/access';
import type { GraphqlContext } from './context.ts';

/** In which those stand to an order with whom its owner shared it. */
export const viewerRelation = { namespace: 'order', relation: 'viewer' } as const;

export function viewerTuple(orderId: string, userId: string): RelationTuple {
  return { ...viewerRelation, object: orderId, subject: userSubject(userId) };
}

/** After the commit: what follows in the same request must not be answered as before. */
export function forgetViewers({ relations, loaders }: GraphqlContext, orderId: string): void {
  relations.clear();
  loaders.viewersOfOrder.clear(orderId);
}
