import { requirePortalPlatform } from '../issuer/require-platform.ts';
import { logOut } from '../logout/log-out.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { requirePortalSubject } from '../sessions/session-subject.ts';

export const portalLogout: NonNullable<MutationResolvers['portalLogout']> = (_parent, { input }, ctx) =>
  logOut(ctx, requirePortalPlatform(ctx).issuer, input, () => requirePortalSubject(ctx));
