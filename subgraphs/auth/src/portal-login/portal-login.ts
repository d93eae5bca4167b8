import { deliverTokens } from '../issuer/deliver-tokens.ts';
import { requirePortalPlatform } from '../issuer/require-platform.ts';
import { signIn } from '../issuer/sign-in.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const portalLogin: NonNullable<MutationResolvers['portalLogin']> = async (_parent, { input }, ctx) => {
  const { client, cookies, tenantId } = ctx;
  const { issuer } = requirePortalPlatform(ctx);
  return deliverTokens(cookies, 'portal', await signIn(issuer, { tenantId, credentials: input, client }));
};
