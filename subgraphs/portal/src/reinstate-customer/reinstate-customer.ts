import { getCustomer } from '../customer/customer.queries.ts';
import { administerCustomer } from '../customer-administration/administer-customer.ts';
import { reinstate } from '../customer-administration/customer-administration.queries.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const reinstateCustomer: NonNullable<MutationResolvers['reinstateCustomer']> = (
  _parent,
  { customerId },
  ctx,
) =>
  administerCustomer({
    ctx,
    scope: 'customers:write',
    kind: 'auth.customer.reinstated',
    customerId,
    call: reinstate,
    answer: getCustomer,
  });
