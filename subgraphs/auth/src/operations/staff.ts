import { requirePortal } from '@signet/access';
import { readInTenant, writeAuditEvent } from '@signet/db';
import { staffRoles } from '@signet/schema/contract';
import { badInput } from '@signet/service';
import {
  createConnection,
  createCursorCodec,
  findId,
  isTextKey,
  readId,
  readPage,
  readText,
} from '@signet/subgraph';
import { portalTables } from '../accounts/account.ts';
import { auditStaff } from '../audit/audit-events.ts';
import { revokeInvitationsOf } from '../invitations/invitation.queries.ts';
import type { MutationResolvers, QueryResolvers, StaffMemberResolvers } from '../resolvers.generated.ts';
import { listServicesOfMember } from '../services/administration.queries.ts';
import { endSessionsOf } from '../sessions/session.queries.ts';
import { manageStaff, mayGrant, type Portal } from './manage-staff.ts';
import {
  findActiveStaff,
  findStaffPage,
  reassignCustomers,
  setStaffActive,
  setStaffRole,
} from './staff.queries.ts';

const codec = createCursorCodec('staff:email', isTextKey);

/** `staffMembers`: everyone who works for the tenant. */
export function createStaffMembers({ getIssuer }: Portal): NonNullable<QueryResolvers['staffMembers']> {
  return async (_parent, args, ctx) => {
    requirePortal(ctx.session, 'staff:write');
    const page = readPage(args, codec);
    const rows = await readInTenant(getIssuer().db, ctx.tenantId, (trx) => findStaffPage(trx, page));
    return createConnection(rows, page, codec, ({ email, id }) => ({ key: email, id }));
  };
}

/** `staffMember`: one of them. */
export function createStaffMember({ findAccount }: Portal): NonNullable<QueryResolvers['staffMember']> {
  return async (_parent, args, ctx) => {
    requirePortal(ctx.session, 'staff:write');
    const id = findId(args.id);
    return id === undefined ? null : ((await findAccount(ctx, id)) ?? null);
  };
}

/** `portalFeatures` */
export function createPortalFeatures({ getIssuer }: Portal): NonNullable<QueryResolvers['portalFeatures']> {
  return () => {
    const { mail, passkeys, services } = getIssuer();
    return {
      mail: mail !== undefined,
      passkeys: passkeys !== undefined,
      serviceSecrets: services.areSecretsOn,
    };
  };
}

/** `assignableStaff`. @throws {RefusalError} input.search */
export function createAssignableStaff({ getIssuer }: Portal): NonNullable<QueryResolvers['assignableStaff']> {
  return (_parent, args, ctx) => {
    requirePortal(ctx.session, 'customers:assign');
    const search = readText('search', args.search ?? '', { min: 0, max: 100 });
    return readInTenant(getIssuer().db, ctx.tenantId, (trx) => findActiveStaff(trx, search));
  };
}

/** Staff see everyone who works for their tenant. Others see nobody. */
export function createStaffReference({
  findAccount,
}: Portal): NonNullable<StaffMemberResolvers['__resolveReference']> {
  return async (reference, ctx) => {
    const id = findId(reference.id);
    if (id === undefined || ctx.session.platform !== 'portal') {
      return null;
    }
    return (await findAccount(ctx, id)) ?? null;
  };
}

/**
 * Locks a member out, hands the customers whom they are responsible for to another member or frees them, and ends their invitations.
 *
 * @throws {RefusalError} input.assignTo, and as `manageStaff`
 */
export function createDeactivateStaff(portal: Portal): NonNullable<MutationResolvers['deactivateStaff']> {
  return async (_parent, { id, assignTo }, ctx) => {
    requirePortal(ctx.session, 'staff:write');
    const successorId = assignTo ? readId('assignTo', assignTo) : undefined;
    const others = successorId === undefined ? [] : [successorId];
    return manageStaff(portal, ctx, { id, others }, async (trx, target, { now, findLocked }) => {
      const successor = successorId === undefined ? undefined : findLocked(successorId);
      if (successorId !== undefined && (!successor?.isActive || successor.id === target.id)) {
        throw badInput('assignTo', 'This must be another, active member of staff.');
      }
      await setStaffActive(trx, target.id, false);
      await endSessionsOf(trx, portalTables, target.id, { reason: 'suspended', now });
      const customers = await reassignCustomers(trx, target.id, successor?.id);
      const invitations = await revokeInvitationsOf(trx, target.id, staffRoles, now);
      if (target.isActive || customers > 0 || invitations > 0) {
        // They go on working. Who left may still have a key of theirs.
        const services = await listServicesOfMember(trx, target.id);
        const details = {
          ...(services.length > 0 && { serviceAccounts: services.map((service) => service.id).join(' ') }),
          ...(customers > 0 && { customers }),
          ...(customers > 0 && successor && { assignedTo: successor.id }),
          ...(invitations > 0 && { invitations }),
        };
        await writeAuditEvent(trx, auditStaff('auth.staff.deactivated', ctx, target.id, details));
      }
      return { ...target, isActive: false };
    });
  };
}

export function createReactivateStaff(portal: Portal): NonNullable<MutationResolvers['reactivateStaff']> {
  return (_parent, { id }, ctx) =>
    manageStaff(portal, ctx, { id }, async (trx, target) => {
      await setStaffActive(trx, target.id, true);
      if (!target.isActive) await writeAuditEvent(trx, auditStaff('auth.staff.reactivated', ctx, target.id));
      return { ...target, isActive: true };
    });
}

export function createChangeStaffRole(portal: Portal): NonNullable<MutationResolvers['changeStaffRole']> {
  return (_parent, { id, role }, ctx) =>
    manageStaff(portal, ctx, { id, newRole: role }, async (trx, target, { now }) => {
      if (target.role === role) {
        return target;
      }
      await setStaffRole(trx, target.id, role);
      await endSessionsOf(trx, portalTables, target.id, { reason: 'role', now });
      const lost = staffRoles.filter((invited) => !mayGrant(role, invited));
      const invitations = await revokeInvitationsOf(trx, target.id, lost, now);
      const change = { from: target.role, to: role, ...(invitations > 0 && { invitations }) };
      await writeAuditEvent(trx, auditStaff('authz.role.changed', ctx, target.id, change));
      return { ...target, role };
    });
}
