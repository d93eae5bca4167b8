import type { UserResolvers } from '../resolvers.generated.ts';
import { requireStaff } from '../staff-access.ts';

export const assignees: NonNullable<UserResolvers['assignees']> = async (user, _args, ctx) => {
  requireStaff(ctx.session, 'customers:read');
  const staffIds = await ctx.loaders.assigneesOfCustomer.load(user.id);
  return staffIds.map((id) => ({ id }));
};
