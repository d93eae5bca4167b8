import { requireUserPlatform } from '../issuer/require-platform.ts';
import type { QueryResolvers } from '../resolvers.generated.ts';
import { listSessions } from '../sessions/own-sessions.ts';
import { requireUserSubject } from '../sessions/session-subject.ts';

export const mySessions: NonNullable<QueryResolvers['mySessions']> = (_parent, _args, ctx) =>
  listSessions(requireUserPlatform(ctx).issuer, requireUserSubject(ctx));
