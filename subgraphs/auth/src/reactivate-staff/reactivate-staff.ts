import type { MutationResolvers } from '../resolvers.generated.ts';
import { manageStaff } from '../staff-administration/manage-staff.ts';
import { setStaffActive } from '../staff-administration/staff.queries.ts';

export const reactivateStaff: NonNullable<MutationResolvers['reactivateStaff']> = (_parent, { id }, ctx) =>
  manageStaff(ctx, { id }, async (trx, target) => {
    await setStaffActive(trx, target.id, true);
    return { ...target, isActive: true };
  });
