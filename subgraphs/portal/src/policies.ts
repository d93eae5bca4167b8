import { customerPolicies, type PolicyTable } from '@signet/access';
import { findId } from '@signet/subgraph';
import { assigneeTuple } from './assignees.queries.ts';
import type { GraphqlContext } from './context.ts';

/** The functions that `@policy` rules of this subgraph name. */
export const policies: PolicyTable<GraphqlContext> = {
  ...customerPolicies,
  'staff.super_admin': ({ session }) => session.platform === 'portal' && session.role === 'super_admin',
  /** Nobody is responsible for the customer whom `input.customerId` names. */
  async 'customer.unassigned'({ session, loaders }, _parent, args) {
    const named = namedCustomer(args);
    if (session.platform !== 'portal' || named === undefined) {
      return false;
    }
    const id = findId(named);
    // A text that is not an id names nobody's customer: let the operation refuse it as bad input.
    return id === undefined || (await loaders.assigneesOfCustomer.load(id)).length === 0;
  },
  /** The caller is responsible for the customer whom `input.customerId` names. */
  'customer.assignee'({ session, relations }, _parent, args) {
    const id = findId(namedCustomer(args));
    return session.platform === 'portal' && id !== undefined
      ? relations.check(assigneeTuple(id, session.staffId))
      : false;
  },
};

/** As the caller wrote it. Undefined on a field without `input.customerId`: a rule with these policies then refuses. */
function namedCustomer({ input }: Readonly<Record<string, unknown>>): string | undefined {
  const id =
    typeof input === 'object' && input !== null && 'customerId' in input ? input.customerId : undefined;
  return typeof id === 'string' ? id : undefined;
}
