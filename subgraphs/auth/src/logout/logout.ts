import { requireUser } from '@signet/access';
import { requireUserPlatform } from '../issuer/require-platform.ts';
import { signOut } from '../issuer/sign-out.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

/** A refresh token alone will do: who signs out often holds an access token that has expired. */
export const logout: NonNullable<MutationResolvers['logout']> = (_parent, { input }, ctx) => {
  const refreshToken = input?.refreshToken;
  const isAnonymous = ctx.session.platform === 'none';
  const sessionId = refreshToken && isAnonymous ? undefined : requireUser(ctx.session).sessionId;
  return signOut(requireUserPlatform(ctx).issuer, { tenantId: ctx.tenantId, sessionId, refreshToken });
};
