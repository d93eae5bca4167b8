import { outranks, type StaffRole, scopesOfRole } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import type { StaffAccount } from '../accounts/account.ts';

type Member = Pick<StaffAccount, 'id' | 'role'>;

/**
 * Nobody acts on themselves or on somebody above, nor grants a role above their own. As rows are now, not as the token says.
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
