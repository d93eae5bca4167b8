import { findId } from '@signet/subgraph';
import { requirePortalPlatform } from '../issuer/require-platform.ts';
import type { StaffMemberResolvers } from '../resolvers.generated.ts';

/** Staff see everyone who works for their tenant; for all others there is nobody. */
export const resolveStaffMember: NonNullable<StaffMemberResolvers['__resolveReference']> = async (
  reference,
  ctx,
) => {
  const id = findId(reference.id);
  if (id === undefined || ctx.session.platform !== 'portal') {
    return null;
  }
  return (await requirePortalPlatform(ctx).accounts.load(id)) ?? null;
};
