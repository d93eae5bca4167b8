import { requirePortal } from '@signet/access';
import { type Database, inTenant } from '@signet/db';
import { isStaffRole, outranks, type StaffRole, scopesOfRole } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import { readId } from '@signet/subgraph';
import type { Transaction } from 'kysely';
import { lockAccountsForChange } from '../accounts/account.queries.ts';
import { portalTables, type StaffAccount } from '../accounts/account.ts';
import type { GraphqlContext } from '../context.ts';
import type { PlatformBinding } from '../platform-issuer.ts';
import { isSessionAlive } from '../sessions/live-session.ts';
import { lockSession } from '../sessions/session.queries.ts';

export type Portal = PlatformBinding<StaffAccount>;
type Trx = Transaction<Database>;

/** A member of staff who may manage others, as the locked row says, and the other members whose rows are locked. */
export type StaffManager = {
  issuer: ReturnType<Portal['getIssuer']>;
  actor: StaffAccount;
  now: Date;
  findLocked(id: string): StaffAccount | undefined;
};

/**
 * Runs what staff do about staff in one transaction. It locks the rows of the actor and of the others and judges by them: an actor who was
 * demoted or deactivated a moment ago is refused, whatever the token still says.
 *
 * @param others ids of the members whom it is about.
 * @throws {RefusalError} as `requirePortal`; authz.role.deny for a role that manages nobody; auth.failure.revoked
 */
export function asStaffManager<T>(
  { getIssuer }: Portal,
  ctx: GraphqlContext,
  others: readonly string[],
  fn: (trx: Trx, manager: StaffManager) => Promise<T>,
  scope: 'staff:write' | 'services:write' | 'keys:write' = 'staff:write',
): Promise<T> {
  const { staffId, sessionId } = requirePortal(ctx.session, scope);
  const issuer = getIssuer();
  return inTenant(issuer.db, ctx.tenantId, async (trx) => {
    const now = issuer.now();
    const locked = await lockAccountsForChange(trx, portalTables, [staffId, ...others]);
    const findLocked = (id: string) => locked.find((account) => account.id === id);
    const actor = findLocked(staffId);
    const actorSession = sessionId && (await lockSession(trx, portalTables, sessionId));
    if (!actor || !isStaffRole(actor.role) || !actorSession || !isSessionAlive(actorSession, actor, now)) {
      throw new RefusalError('auth.failure.revoked');
    }
    return fn(trx, { issuer, actor, now, findLocked });
  });
}

type Management = { id: string; newRole?: StaffRole; others?: readonly string[] };
/** Changes a member whose row is locked, and returns the member as changed. */
type Change = (trx: Trx, target: StaffAccount, manager: StaffManager) => Promise<StaffAccount>;

/**
 * What staff do to a member of staff. The last active super_admin of a tenant stays one: only an active super_admin takes that role away,
 * and not from themselves. When two take it from each other at once, the second one comes too late.
 *
 * @throws {RefusalError} input.id, authz.permission.deny, authz.role.deny, auth.failure.revoked
 */
export function manageStaff(
  portal: Portal,
  ctx: GraphqlContext,
  { id: input, newRole, others = [] }: Management,
  change: Change,
): Promise<StaffAccount> {
  requirePortal(ctx.session, 'staff:write');
  portal.getIssuer();
  const id = readId('id', input);
  return asStaffManager(portal, ctx, [id, ...others], async (trx, manager) => {
    const target = manager.findLocked(id);
    if (!target) throw badInput('id', 'There is no such member of staff.');
    assertMayManage(manager.actor, target, newRole);
    return change(trx, target, manager);
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
  if (outranks(target.role, actor.role) || !mayManage(actor.role, newRole ?? target.role)) {
    throw new RefusalError('authz.role.deny');
  }
}

/** Whether staff of a role may give others a role: those who manage staff, up to their own rank. Nobody gives one that is not there any more. */
export function mayGrant(role: StaffRole, granted: StaffRole): boolean {
  return isStaffRole(granted) && mayManage(role, granted);
}

/** Whether staff of a role may decide about what has another one: a member, or an invitation. */
export function mayManage(role: StaffRole, held: StaffRole): boolean {
  return isStaffRole(role) && scopesOfRole[role].includes('staff:write') && !outranks(held, role);
}
