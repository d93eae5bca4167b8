import { administerCustomer } from '../customer-administration/administer-customer.ts';
import { endSessionsOf } from '../customer-administration/customer-administration.queries.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const endCustomerSessions: NonNullable<MutationResolvers['endCustomerSessions']> = (
  _parent,
  { customerId },
  ctx,
) =>
  administerCustomer({
    ctx,
    scope: 'sessions:end',
    kind: 'auth.customer.sessions_ended',
    customerId,
    call: endSessionsOf,
    answer: (_trx, _id, ended) => ended,
  });
