import { requireUser } from '@signet/access';
import type { Session } from '@signet/session';
import { findId } from '@signet/subgraph';
import { assignees } from '../assignees/assignees.ts';
import type { UserResolvers } from '../resolvers.generated.ts';
import { requireStaff } from '../staff-access.ts';
import { supportNotes } from '../support-notes/support-notes.ts';

/**
 * Fields of User. auth owns it and shares e-mail and name with this subgraph, so the gateway may ask either: customers
 * reach their own row here, and each field that is for staff refuses them.
 */
export const userResolvers: UserResolvers = {
  async __resolveReference(reference, ctx) {
    const canSee = visibilityFor(ctx.session);
    const id = findId(reference.id);
    return id && canSee(id) ? ((await ctx.loaders.customer.load(id)) ?? null) : null;
  },
  fullName: (row) => row.full_name,
  isActive(row, _args, ctx) {
    requireStaff(ctx.session, 'customers:read');
    return row.is_active;
  },
  supportNotes,
  assignees,
};

/** @throws {RefusalError} without a token, or as staff without the scope. */
function visibilityFor(session: Session): (userId: string) => boolean {
  if (session.platform === 'portal') {
    requireStaff(session, 'customers:read');
    return () => true;
  }
  const { userId } = requireUser(session);
  return (id) => id === userId;
}
