import type { RequestSession } from '@signet/session';
import type { SubgraphHttpRequest } from '@signet/subgraph';
import type DataLoader from 'dataloader';
import type { Account, StaffAccount, UserAccount } from './accounts/account.ts';
import { createAccountLoader } from './accounts/account-loader.ts';
import type { PlatformIssuer, PortalIssuer, UserIssuer } from './issuer/platform-issuer.ts';
import type { SessionClient } from './sessions/session.queries.ts';
import { readSessionClient } from './sessions/session-client.ts';
import { createSessionCookies, type SessionCookies } from './sessions/session-cookies.ts';

/** A platform that this process holds, during one request. */
export type HeldPlatform<A extends Account> = {
  issuer: PlatformIssuer<A>;
  /** Accounts of the request's tenant by id, batched. */
  accounts: DataLoader<string, A | undefined>;
};

export type GraphqlContext = RequestSession & {
  held: { user: HeldPlatform<UserAccount> | undefined; portal: HeldPlatform<StaffAccount> | undefined };
  client: SessionClient;
  cookies: SessionCookies;
};

export type HeldIssuers = { user: UserIssuer | undefined; portal: PortalIssuer | undefined };

export function createContextFactory({ user, portal }: HeldIssuers) {
  return (requestSession: RequestSession, request: SubgraphHttpRequest): GraphqlContext => ({
    ...requestSession,
    held: {
      user: user && holdPlatform(user, requestSession.tenantId),
      portal: portal && holdPlatform(portal, requestSession.tenantId),
    },
    client: readSessionClient(request.signetContext),
    cookies: createSessionCookies(request),
  });
}

function holdPlatform<A extends Account>(issuer: PlatformIssuer<A>, tenantId: string): HeldPlatform<A> {
  return { issuer, accounts: createAccountLoader(issuer, tenantId) };
}
