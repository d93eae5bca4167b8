import { requirePortalPlatform } from '../issuer/require-platform.ts';
import { changeOwnPassword } from '../passwords/change-own-password.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { requirePortalSubject } from '../sessions/session-subject.ts';

export const changePortalPassword: NonNullable<MutationResolvers['changePortalPassword']> = (
  _parent,
  { input },
  ctx,
) => changeOwnPassword(requirePortalPlatform(ctx).issuer, requirePortalSubject(ctx), input);
