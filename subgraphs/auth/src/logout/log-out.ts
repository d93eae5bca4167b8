import type { GraphqlContext } from '../context.ts';
import { findRefreshToken } from '../issuer/read-refresh-token.ts';
import { signOut } from '../issuer/sign-out.ts';
import type { LogoutInput } from '../resolvers.generated.ts';

/**
 * Signs out whoever asks. A refresh token alone will do: who signs out often holds an access token that has expired.
 * `requireBearer` throws for a token of the other platform, and where there is none.
 */
export function logOut(
  { client, cookies, session, tenantId }: GraphqlContext,
  issuer: Parameters<typeof signOut>[0],
  input: LogoutInput | null | undefined,
  requireBearer: () => { accountId: string; sessionId: string },
): Promise<true> {
  const refreshToken = findRefreshToken(cookies, issuer.platform, input);
  const isAnonymous = session.platform === 'none';
  const bearer = refreshToken && isAnonymous ? undefined : requireBearer();
  if (cookies.areAsked) cookies.clear(issuer.platform);
  return signOut(issuer, {
    tenantId,
    sessionId: bearer?.sessionId,
    accountId: bearer?.accountId,
    refreshToken,
    endsBoth: cookies.areAsked,
    client,
  });
}
