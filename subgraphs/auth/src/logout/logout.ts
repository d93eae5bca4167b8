import { requireUserPlatform } from '../issuer/require-platform.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { requireUserSubject } from '../sessions/session-subject.ts';
import { logOut } from './log-out.ts';

export const logout: NonNullable<MutationResolvers['logout']> = (_parent, { input }, ctx) =>
  logOut(ctx, requireUserPlatform(ctx).issuer, input, () => requireUserSubject(ctx));
