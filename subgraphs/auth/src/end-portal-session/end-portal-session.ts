import { requirePortalPlatform } from '../issuer/require-platform.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { endOneSession } from '../sessions/own-sessions.ts';
import { requirePortalSubject } from '../sessions/session-subject.ts';

export const endPortalSession: NonNullable<MutationResolvers['endPortalSession']> = (
  _parent,
  { id },
  ctx,
) => {
  const subject = { ...requirePortalSubject(ctx), cookies: ctx.cookies };
  return endOneSession(requirePortalPlatform(ctx).issuer, subject, id);
};
