import { requireUser } from '@signet/access';
import { getOwnAccount } from '../accounts/get-own-account.ts';
import { requireUserPlatform } from '../issuer/require-platform.ts';
import type { QueryResolvers } from '../resolvers.generated.ts';

export const me: NonNullable<QueryResolvers['me']> = (_parent, _args, ctx) => {
  const { userId } = requireUser(ctx.session);
  return getOwnAccount(requireUserPlatform(ctx), userId);
};
