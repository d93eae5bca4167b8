import { writeAuditEvent } from '@signet/db';
import { portalTables } from '../accounts/platform-tables.ts';
import { auditStaff } from '../audit/audit-staff.ts';
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
    const change = { from: target.role, to: role };
    await writeAuditEvent(trx, auditStaff('authz.role.changed', ctx, target.id, change));
    return { ...target, role };
  });
