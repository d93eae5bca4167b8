import { customerPolicies } from '@signet/access';

/** What the `@policy` rules of this subgraph name. */
export const policies = customerPolicies;
