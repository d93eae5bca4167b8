import type { Policy, PolicyTable } from '@signet/access';
import { usePrimary } from '@signet/db';
import type { OperationHooks } from '@signet/service';

/** What an operation reads before it changes something must not come from a replica either. */
export const readWritesAtPrimary: OperationHooks = {
  beforeRun({ operation }) {
    if (operation?.operation !== 'query') usePrimary();
  },
};

/** Who may do what is decided at the primary, and so is all that the request reads afterwards. */
export function atPrimary<C>(policies: PolicyTable<C>): PolicyTable<C> {
  const wrap =
    (policy: Policy<C>): Policy<C> =>
    (...args) => {
      usePrimary();
      return policy(...args);
    };
  return Object.fromEntries(Object.entries(policies).map(([name, policy]) => [name, wrap(policy)]));
}
