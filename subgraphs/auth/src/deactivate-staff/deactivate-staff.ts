import { writeAuditEvent } from '@signet/db';
import { portalTables } from '../accounts/platform-tables.ts';
import { auditStaff } from '../audit/audit-staff.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { endSessionsOf } from '../sessions/own-session.queries.ts';
import { manageStaff } from '../staff-administration/manage-staff.ts';
import { setStaffActive } from '../staff-administration/staff.queries.ts';

export const deactivateStaff: NonNullable<MutationResolvers['deactivateStaff']> = (_parent, { id }, ctx) =>
  manageStaff(ctx, { id }, async (trx, target, now) => {
    await setStaffActive(trx, target.id, false);
    await endSessionsOf(trx, portalTables, target.id, { reason: 'suspended', now });
    if (target.isActive) await writeAuditEvent(trx, auditStaff('auth.staff.deactivated', ctx, target.id));
    return { ...target, isActive: false };
  });
