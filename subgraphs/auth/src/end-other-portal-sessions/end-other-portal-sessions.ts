import { requirePortalPlatform } from '../issuer/require-platform.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { endOtherSessionsOf } from '../sessions/own-sessions.ts';
import { requirePortalSubject } from '../sessions/session-subject.ts';

export const endOtherPortalSessions: NonNullable<MutationResolvers['endOtherPortalSessions']> = (
  _parent,
  _args,
  ctx,
) => endOtherSessionsOf(requirePortalPlatform(ctx).issuer, requirePortalSubject(ctx));
