import { requirePortalPlatform } from '../issuer/require-platform.ts';
import type { QueryResolvers } from '../resolvers.generated.ts';
import { listSessions } from '../sessions/own-sessions.ts';
import { requirePortalSubject } from '../sessions/session-subject.ts';

export const portalSessions: NonNullable<QueryResolvers['portalSessions']> = (_parent, _args, ctx) =>
  listSessions(requirePortalPlatform(ctx).issuer, requirePortalSubject(ctx));
