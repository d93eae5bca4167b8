import { writeAuditEvent } from '@signet/db';
import { auditStaff } from '../audit/audit-staff.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { manageStaff } from '../staff-administration/manage-staff.ts';
import { setStaffActive } from '../staff-administration/staff.queries.ts';

export const reactivateStaff: NonNullable<MutationResolvers['reactivateStaff']> = (_parent, { id }, ctx) =>
  manageStaff(ctx, { id }, async (trx, target) => {
    await setStaffActive(trx, target.id, true);
    if (!target.isActive) await writeAuditEvent(trx, auditStaff('auth.staff.reactivated', ctx, target.id));
    return { ...target, isActive: true };
  });
