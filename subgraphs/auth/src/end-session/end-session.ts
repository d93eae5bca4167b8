import { requireUserPlatform } from '../issuer/require-platform.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { endOneSession } from '../sessions/own-sessions.ts';
import { requireUserSubject } from '../sessions/session-subject.ts';

export const endSession: NonNullable<MutationResolvers['endSession']> = (_parent, { id }, ctx) => {
  const subject = { ...requireUserSubject(ctx), cookies: ctx.cookies };
  return endOneSession(requireUserPlatform(ctx).issuer, subject, id);
};
