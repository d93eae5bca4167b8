import { deliverTokens } from '../issuer/deliver-tokens.ts';
import { requireUserPlatform } from '../issuer/require-platform.ts';
import { signIn } from '../issuer/sign-in.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const login: NonNullable<MutationResolvers['login']> = async (_parent, { input }, ctx) => {
  const { client, cookies, tenantId } = ctx;
  const { issuer } = requireUserPlatform(ctx);
  return deliverTokens(cookies, 'user', await signIn(issuer, { tenantId, credentials: input, client }));
};
