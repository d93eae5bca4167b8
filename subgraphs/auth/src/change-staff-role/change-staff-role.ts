import { portalTables } from '../accounts/platform-tables.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { endSessionsOf } from '../sessions/own-session.queries.ts';
import { manageStaff } from '../staff-administration/manage-staff.ts';
import { setStaffRole } from '../staff-administration/staff.queries.ts';

export const changeStaffRole: NonNullable<MutationResolvers['changeStaffRole']> = (
  _parent,
  { id, role },
  ctx,
) =>
  manageStaff(ctx, { id, newRole: role }, async (trx, target, now) => {
    if (target.role === role) {
      return target;
    }
    await setStaffRole(trx, target.id, role);
    await endSessionsOf(trx, portalTables, target.id, { reason: 'role', now });
    return { ...target, role };
  });
