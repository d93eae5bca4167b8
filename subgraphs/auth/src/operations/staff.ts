import { requirePortal } from '@signet/access';
import { type Database, inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import { outranks, type StaffRole, scopesOfRole } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import { createConnection, createCursorCodec, findId, isTextKey, readId, readPage } from '@signet/subgraph';
import type { Transaction } from 'kysely';
import { lockAccountsForChange } from '../accounts/account.queries.ts';
import { portalTables, type StaffAccount } from '../accounts/account.ts';
import { auditStaff } from '../audit/audit-events.ts';
import type { GraphqlContext } from '../context.ts';
import type { PlatformBinding } from '../platform-issuer.ts';
import type { MutationResolvers, QueryResolvers, StaffMemberResolvers } from '../resolvers.generated.ts';
import { isSessionAlive } from '../sessions/live-session.ts';
import { endSessionsOf, lockSession } from '../sessions/session.queries.ts';
import { findStaffPage, setStaffActive, setStaffRole } from './staff.queries.ts';

type Portal = PlatformBinding<StaffAccount>;

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

export function createDeactivateStaff(portal: Portal): NonNullable<MutationResolvers['deactivateStaff']> {
  return (_parent, { id }, ctx) =>
    manageStaff(portal, ctx, { id }, async (trx, target, now) => {
      await setStaffActive(trx, target.id, false);
      await endSessionsOf(trx, portalTables, target.id, { reason: 'suspended', now });
      if (target.isActive) await writeAuditEvent(trx, auditStaff('auth.staff.deactivated', ctx, target.id));
      return { ...target, isActive: false };
    });
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
    manageStaff(portal, ctx, { id, newRole: role }, async (trx, target, now) => {
      if (target.role === role) {
        return target;
      }
      await setStaffRole(trx, target.id, role);
      await endSessionsOf(trx, portalTables, target.id, { reason: 'role', now });
      const change = { from: target.role, to: role };
      await writeAuditEvent(trx, auditStaff('authz.role.changed', ctx, target.id, change));
      return { ...target, role };
    });
}

type Management = { id: string; newRole?: StaffRole };
/** Changes a member whose row is locked, and returns the member as changed. */
type Change = (trx: Transaction<Database>, target: StaffAccount, now: Date) => Promise<StaffAccount>;

/**
 * What staff do to staff, in one transaction. It locks the rows of both and judges by them: an actor who was demoted or
 * deactivated a moment ago is refused, whatever the token still says. So the last active super_admin of a tenant stays one:
 * only an active super_admin takes that role away, and not from themselves. When two take it from each other at once, the
 * second one comes too late.
 *
 * @throws {RefusalError} input.id, authz.permission.deny, authz.role.deny, auth.failure.revoked
 */
export function manageStaff(
  { getIssuer }: Portal,
  ctx: GraphqlContext,
  { id: input, newRole }: Management,
  change: Change,
): Promise<StaffAccount> {
  const { staffId, sessionId } = requirePortal(ctx.session, 'staff:write');
  const issuer = getIssuer();
  const id = readId('id', input);
  return inTenant(issuer.db, ctx.tenantId, async (trx) => {
    const now = issuer.now();
    const locked = await lockAccountsForChange(trx, portalTables, [staffId, id]);
    const actor = locked.find((account) => account.id === staffId);
    const actorSession = sessionId && (await lockSession(trx, portalTables, sessionId));
    if (!actor || !actorSession || !isSessionAlive(actorSession, actor, now)) {
      throw new RefusalError('auth.failure.revoked');
    }
    const target = locked.find((account) => account.id === id);
    if (!target) {
      throw badInput('id', 'There is no such member of staff.');
    }
    assertMayManage(actor, target, newRole);
    return change(trx, target, now);
  });
}

type Member = Pick<StaffAccount, 'id' | 'role'>;

/**
 * Nobody acts on themselves or on somebody above, and nobody grants a role above their own. The rows decide, not the token.
 *
 * @throws {RefusalError} authz.permission.deny, authz.role.deny
 */
export function assertMayManage(actor: Member, target: Member, newRole?: StaffRole): void {
  if (actor.id === target.id) {
    throw new RefusalError('authz.permission.deny', {
      text: 'Nobody changes their own role or deactivates themselves. Ask another super_admin.',
    });
  }
  const mayManage = scopesOfRole[actor.role].includes('staff:write');
  if (!mayManage || outranks(target.role, actor.role) || (newRole && outranks(newRole, actor.role))) {
    throw new RefusalError('authz.role.deny');
  }
}
