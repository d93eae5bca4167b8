import { deliverTokens } from '../issuer/deliver-tokens.ts';
import { readRefreshToken } from '../issuer/read-refresh-token.ts';
import { refreshSession } from '../issuer/refresh-session.ts';
import { requirePortalPlatform } from '../issuer/require-platform.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const portalRefresh: NonNullable<MutationResolvers['portalRefresh']> = async (
  _parent,
  { input },
  ctx,
) => {
  const { cookies, tenantId } = ctx;
  const { issuer } = requirePortalPlatform(ctx);
  const refreshToken = readRefreshToken(cookies, 'portal', input);
  const tokens = await refreshSession(issuer, {
    tenantId,
    refreshToken,
    isCookie: cookies.areAsked,
    client: ctx.client,
  });
  return deliverTokens(cookies, 'portal', tokens);
};
