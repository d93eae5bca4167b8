import { addRelation, inTenant } from '@signet/db';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import { assigneeTuple, forgetAssignees } from '../assignees/customer-assignees.ts';
import { findCustomers } from '../customer/customer.queries.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { requireStaff } from '../staff-access.ts';

export const assignCustomer: NonNullable<MutationResolvers['assignCustomer']> = async (
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
    // This process may not read the accounts of staff: the foreign key tells.
    if (await addRelation(trx, ctx.tenantId, assigneeTuple(customerId, staffId))) {
      throw badInput('staffId', 'There is no such member of staff.');
    }
    return row;
  });
  forgetAssignees(ctx, customerId);
  return customer;
};
