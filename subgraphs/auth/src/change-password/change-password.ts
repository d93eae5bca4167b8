import { requireUserPlatform } from '../issuer/require-platform.ts';
import { changeOwnPassword } from '../passwords/change-own-password.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { requireUserSubject } from '../sessions/session-subject.ts';

export const changePassword: NonNullable<MutationResolvers['changePassword']> = (_parent, { input }, ctx) =>
  changeOwnPassword(requireUserPlatform(ctx).issuer, requireUserSubject(ctx), input);
