import { inTenant, removeRelation } from '@signet/db';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import { assigneeTuple, forgetAssignees } from '../assignees/customer-assignees.ts';
import { findCustomers } from '../customer/customer.queries.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { requireStaff } from '../staff-access.ts';

export const unassignCustomer: NonNullable<MutationResolvers['unassignCustomer']> = async (
  _parent,
  { input },
  ctx,
) => {
  requireStaff(ctx.session, 'customers:assign');
  const customerId = readId('customerId', input.customerId);
  const staffId = readId('staffId', input.staffId);
  const customer = await inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const [row] = await findCustomers(trx, [customerId]);
    if (!row) throw badInput('customerId', 'There is no such customer.');
    await removeRelation(trx, assigneeTuple(customerId, staffId));
    return row;
  });
  forgetAssignees(ctx, customerId);
  return customer;
};
