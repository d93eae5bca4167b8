import { requirePortal } from '@signet/access';
import { addRelation, removeRelation } from '@signet/db';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import { assigneeTuple, lockActiveStaff } from './assignees.queries.ts';
import type { GraphqlContext } from './context.ts';
import { findCustomers } from './customers.queries.ts';
import type { MutationResolvers, UserResolvers } from './resolvers.generated.ts';
import { inStaffTransaction } from './staff-transaction.ts';

export const assignees: NonNullable<UserResolvers['assignees']> = async (user, _args, ctx) => {
  requirePortal(ctx.session, 'customers:read');
  const staffIds = await ctx.loaders.assigneesOfCustomer.load(user.id);
  return staffIds.map((id) => ({ id }));
};

export const assignCustomer: NonNullable<MutationResolvers['assignCustomer']> = async (
  _parent,
  { input },
  ctx,
) => {
  requirePortal(ctx.session, 'customers:assign');
  const customerId = readId('customerId', input.customerId);
  const staffId = readId('staffId', input.staffId);
  const customer = await inStaffTransaction(ctx, 'customers:assign', async (trx) => {
    const [row] = await findCustomers(trx, [customerId]);
    if (!row) throw badInput('customerId', 'There is no such customer.');
    // A leaver must get no customer while, or after, theirs are handed on: the lock lets one of the two come first.
    if (!(await lockActiveStaff(trx, staffId))) {
      throw badInput('staffId', 'There is no such active member of staff.');
    }
    if (await addRelation(trx, ctx.tenantId, assigneeTuple(customerId, staffId))) {
      throw badInput('staffId', 'There is no such active member of staff.');
    }
    return row;
  });
  forgetAssignees(ctx, customerId);
  return customer;
};

export const unassignCustomer: NonNullable<MutationResolvers['unassignCustomer']> = async (
  _parent,
  { input },
  ctx,
) => {
  requirePortal(ctx.session, 'customers:assign');
  const customerId = readId('customerId', input.customerId);
  const staffId = readId('staffId', input.staffId);
  const customer = await inStaffTransaction(ctx, 'customers:assign', async (trx) => {
    const [row] = await findCustomers(trx, [customerId]);
    if (!row) throw badInput('customerId', 'There is no such customer.');
    await removeRelation(trx, assigneeTuple(customerId, staffId));
    return row;
  });
  forgetAssignees(ctx, customerId);
  return customer;
};

/** Call it after the commit: later fields of the same request must see the change. */
function forgetAssignees({ relations, loaders }: GraphqlContext, customerId: string): void {
  relations.clear();
  loaders.assigneesOfCustomer.clear(customerId);
}
