import { portalTables } from '../accounts/platform-tables.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { endSessionsOf } from '../sessions/own-session.queries.ts';
import { manageStaff } from '../staff-administration/manage-staff.ts';
import { setStaffActive } from '../staff-administration/staff.queries.ts';

export const deactivateStaff: NonNullable<MutationResolvers['deactivateStaff']> = (_parent, { id }, ctx) =>
  manageStaff(ctx, { id }, async (trx, target, now) => {
    await setStaffActive(trx, target.id, false);
    await endSessionsOf(trx, portalTables, target.id, { reason: 'suspended', now });
    return { ...target, isActive: false };
  });
