import { getCustomer } from '../customer/customer.queries.ts';
import { administerCustomer } from '../customer-administration/administer-customer.ts';
import { suspend } from '../customer-administration/customer-administration.queries.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const suspendCustomer: NonNullable<MutationResolvers['suspendCustomer']> = (
  _parent,
  { customerId },
  ctx,
) =>
  administerCustomer({
    ctx,
    scope: 'customers:write',
    kind: 'auth.customer.suspended',
    customerId,
    call: suspend,
    answer: getCustomer,
  });
