import type { GuardContext } from './guard-context.ts';
import type { PolicyTable } from './policy-judge.ts';

/**
 * Policies about a customer, for every subgraph that adds fields to `User`. A customer is who has that id: nothing else of
 * `parent` is read, so a representation can't claim more.
 */
export const customerPolicies = {
  'user.self': ({ session }, parent) => session.platform === 'user' && idOf(parent) === session.userId,
  'user.staff': ({ session }) => session.platform === 'portal' && session.scopes.has('customers:read'),
} as const satisfies PolicyTable<GuardContext>;

/** The `id` of an object, or undefined. */
export function idOf(parent: unknown): string | undefined {
  const id = typeof parent === 'object' && parent !== null && 'id' in parent ? parent.id : undefined;
  return typeof id === 'string' ? id : undefined;
}
