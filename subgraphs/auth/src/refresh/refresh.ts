import { deliverTokens } from '../issuer/deliver-tokens.ts';
import { readRefreshToken } from '../issuer/read-refresh-token.ts';
import { refreshSession } from '../issuer/refresh-session.ts';
import { requireUserPlatform } from '../issuer/require-platform.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const refresh: NonNullable<MutationResolvers['refresh']> = async (_parent, { input }, ctx) => {
  const { cookies, tenantId } = ctx;
  const { issuer } = requireUserPlatform(ctx);
  const refreshToken = readRefreshToken(cookies, 'user', input);
  const tokens = await refreshSession(issuer, {
    tenantId,
    refreshToken,
    isCookie: cookies.areAsked,
    client: ctx.client,
  });
  return deliverTokens(cookies, 'user', tokens);
};
