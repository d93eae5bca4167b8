import { readRefreshToken } from '../issuer/read-refresh-token.ts';
import { refreshSession } from '../issuer/refresh-session.ts';
import { requirePortalPlatform } from '../issuer/require-platform.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const portalRefresh: NonNullable<MutationResolvers['portalRefresh']> = (_parent, { input }, ctx) =>
  refreshSession(requirePortalPlatform(ctx).issuer, {
    tenantId: ctx.tenantId,
    refreshToken: readRefreshToken(input),
  });
