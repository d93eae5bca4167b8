import { readRefreshToken } from '../issuer/read-refresh-token.ts';
import { refreshSession } from '../issuer/refresh-session.ts';
import { requireUserPlatform } from '../issuer/require-platform.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const refresh: NonNullable<MutationResolvers['refresh']> = (_parent, { input }, ctx) =>
  refreshSession(requireUserPlatform(ctx).issuer, {
    tenantId: ctx.tenantId,
    refreshToken: readRefreshToken(input),
  });
