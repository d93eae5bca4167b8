import { requireUserPlatform } from '../issuer/require-platform.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { endOtherSessionsOf } from '../sessions/own-sessions.ts';
import { requireUserSubject } from '../sessions/session-subject.ts';

export const endOtherSessions: NonNullable<MutationResolvers['endOtherSessions']> = (_parent, _args, ctx) =>
  endOtherSessionsOf(requireUserPlatform(ctx).issuer, requireUserSubject(ctx));
