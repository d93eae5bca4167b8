import { requireUser } from '@signet/access';
import { findRefreshToken } from '../issuer/read-refresh-token.ts';
import { requireUserPlatform } from '../issuer/require-platform.ts';
import { signOut } from '../issuer/sign-out.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

/** A refresh token alone will do: who signs out often holds an access token that has expired. */
export const logout: NonNullable<MutationResolvers['logout']> = (_parent, { input }, ctx) => {
  const { client, cookies, session, tenantId } = ctx;
  const { issuer } = requireUserPlatform(ctx);
  const refreshToken = findRefreshToken(cookies, 'user', input);
  const isAnonymous = session.platform === 'none';
  const sessionId = refreshToken && isAnonymous ? undefined : requireUser(session).sessionId;
  if (cookies.areAsked) cookies.clear('user');
  const accountId = session.platform === 'user' ? session.userId : undefined;
  return signOut(issuer, {
    tenantId,
    sessionId,
    refreshToken,
    endsBoth: cookies.areAsked,
    accountId,
    client,
  });
};
