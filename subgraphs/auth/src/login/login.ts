import { requireUserPlatform } from '../issuer/require-platform.ts';
import { signIn } from '../issuer/sign-in.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const login: NonNullable<MutationResolvers['login']> = (_parent, { input }, ctx) =>
  signIn(requireUserPlatform(ctx).issuer, { tenantId: ctx.tenantId, credentials: input, client: ctx.client });
