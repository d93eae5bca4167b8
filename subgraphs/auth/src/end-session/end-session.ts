import { requireUserPlatform } from '../issuer/require-platform.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { endOneSession } from '../sessions/own-sessions.ts';
import { requireUserSubject } from '../sessions/session-subject.ts';

export const endSession: NonNullable<MutationResolvers['endSession']> = (_parent, { id }, ctx) =>
  endOneSession(requireUserPlatform(ctx).issuer, requireUserSubject(ctx), id);
