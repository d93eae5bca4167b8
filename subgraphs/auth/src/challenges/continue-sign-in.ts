import type { Database } from '@signet/db';
import type { Challenge } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { earlier } from '../dates.ts';
import { tellOfNewDevice } from '../devices/new-device-mail.ts';
import { hasFactor, listChallengeMethods } from '../factors/account-factors.ts';
import { findTrustedSince } from '../factors/trusted-devices.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { type IssuedTokens, startSession } from '../tokens/issue-tokens.ts';
import type { SessionCookies } from '../tokens/refresh-token-cookie.ts';
import type { FirstFactor } from '../upstream/upstream-session.ts';
import { openChallenge } from './challenge.ts';

type Begun<A extends Account> = {
  account: A;
  tenantId: string;
  client: SessionClient;
  cookies: SessionCookies;
  deviceToken: string | undefined;
  /** A password, if nothing is said. */
  first?: FirstFactor;
};

/** `challenge`: there is no session before it is answered. */
export type SignInStep = { tokens: IssuedTokens } | { challenge: Challenge };

/**
 * What follows a right password, or a sign-in at an identity provider, for an account whose row the transaction has locked: a session, or a challenge where the account has
 * a second factor or must add one. Every way to sign in with one factor ends here.
 */
export async function continueSignIn<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { deviceToken, first = { amr: ['pwd'] }, ...signIn }: Begun<A>,
): Promise<SignInStep> {
  const { account } = signIn;
  const { amr, authTime, upstream } = first;
  const methods = await listChallengeMethods(trx, issuer, account);
  const trustedSince = hasFactor(methods)
    ? await findTrustedSince(trx, issuer, account, deviceToken)
    : undefined;
  if (methods.length > 0 && !trustedSince)
    return { challenge: await openChallenge(trx, issuer, { ...signIn, methods, upstream }) };
  await tellOfNewDevice(trx, issuer, { ...signIn, deviceToken });
  // The first factor alone is no recent sign-in of an account that has a second one.
  const times = [authTime, trustedSince].filter((time) => time !== undefined);
  const since = times.length > 0 ? times.reduce(earlier) : undefined;
  return {
    tokens: await startSession(trx, issuer, {
      ...signIn,
      upstream,
      amr: trustedSince ? [...amr, 'rba'] : amr,
      ...(since && { authTime: since }),
    }),
  };
}

/** @throws {RefusalError} auth.challenge_required, after the transaction: the challenge must be committed. */
export function assertNoChallenge(step: SignInStep): asserts step is { tokens: IssuedTokens } {
  if ('challenge' in step) throw new RefusalError('auth.challenge_required', { challenge: step.challenge });
}
