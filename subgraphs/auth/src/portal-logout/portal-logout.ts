import { requirePortal } from '@signet/access';
import { findRefreshToken } from '../issuer/read-refresh-token.ts';
import { requirePortalPlatform } from '../issuer/require-platform.ts';
import { signOut } from '../issuer/sign-out.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';

/** A refresh token alone will do: who signs out often holds an access token that has expired. */
export const portalLogout: NonNullable<MutationResolvers['portalLogout']> = (_parent, { input }, ctx) => {
  const { client, cookies, session, tenantId } = ctx;
  const { issuer } = requirePortalPlatform(ctx);
  const refreshToken = findRefreshToken(cookies, 'portal', input);
  const isAnonymous = session.platform === 'none';
  const sessionId = refreshToken && isAnonymous ? undefined : requirePortal(session).sessionId;
  if (cookies.areAsked) cookies.clear('portal');
  const accountId = session.platform === 'portal' ? session.staffId : undefined;
  return signOut(issuer, {
    tenantId,
    sessionId,
    refreshToken,
    endsBoth: cookies.areAsked,
    accountId,
    client,
  });
};
