import { requirePortal } from '@signet/access';
import { getOwnAccount } from '../accounts/get-own-account.ts';
import { requirePortalPlatform } from '../issuer/require-platform.ts';
import type { QueryResolvers } from '../resolvers.generated.ts';

export const portalMe: NonNullable<QueryResolvers['portalMe']> = (_parent, _args, ctx) => {
  const { staffId } = requirePortal(ctx.session);
  return getOwnAccount(requirePortalPlatform(ctx), staffId);
};
