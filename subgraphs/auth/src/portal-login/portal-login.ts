import { requirePortalPlatform } from '../issuer/require-platform.ts';
import { signIn } from '../issuer/sign-in.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

export const portalLogin: NonNullable<MutationResolvers['portalLogin']> = (_parent, { input }, ctx) =>
  signIn(requirePortalPlatform(ctx).issuer, {
    tenantId: ctx.tenantId,
    credentials: input,
    client: ctx.client,
  });
