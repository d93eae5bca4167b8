import { requirePortal, requireScope } from '@signet/access';
import { type Database, inTenant } from '@signet/db';
import type { StaffRole } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import { readId } from '@signet/subgraph';
import type { Transaction } from 'kysely';
import { lockAccountsForChange } from '../accounts/account.queries.ts';
import type { StaffAccount } from '../accounts/account.ts';
import { portalTables } from '../accounts/platform-tables.ts';
import type { GraphqlContext } from '../context.ts';
import { requirePortalPlatform } from '../issuer/require-platform.ts';
import { isSessionAlive } from '../sessions/is-session-alive.ts';
import { lockSession } from '../sessions/session.queries.ts';
import { assertMayManage } from './assert-may-manage.ts';

type Management = { id: string; newRole?: StaffRole };
/** Changes a member whose row is locked, and returns the member as changed. */
type Change = (trx: Transaction<Database>, target: StaffAccount, now: Date) => Promise<StaffAccount>;

/**
 * What staff do to staff, in one transaction. It locks the rows of both and judges by them: whoever was demoted or
 * deactivated a moment ago is refused, whatever the token still says. So the last active super_admin of a tenant stays one:
 * only an active super_admin takes that role away, not from themselves, and of two who do it to each other at once the
 * second comes too late.
 *
 * @throws {RefusalError} input.id, authz.permission.deny, authz.role.deny, auth.failure.revoked
 */
export function manageStaff(
  ctx: GraphqlContext,
  { id: input, newRole }: Management,
  change: Change,
): Promise<StaffAccount> {
  const session = requirePortal(ctx.session);
  requireScope(session, 'staff:write');
  const { issuer } = requirePortalPlatform(ctx);
  const id = readId('id', input);
  return inTenant(issuer.db, ctx.tenantId, async (trx) => {
    const now = issuer.now();
    const locked = await lockAccountsForChange(trx, portalTables, [session.staffId, id]);
    const actor = locked.find((account) => account.id === session.staffId);
    const actorSession = await lockSession(trx, portalTables, session.sessionId);
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
