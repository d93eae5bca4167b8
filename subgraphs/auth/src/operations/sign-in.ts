import { inTenant, readInTenant } from '@signet/db';
import { listEmailSpellings } from '@signet/db/email';
import { readClientPrefix } from '@signet/flow';
import { RefusalError } from '@signet/service';
import { findAccountByEmail, lockAccount } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { assertNoChallenge, continueSignIn, type SignInStep } from '../challenges/continue-sign-in.ts';
import { findKnownDevice, giveDeviceToken } from '../devices/known-devices.ts';
import type { PasswordCaller } from '../passwords/password-queue.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { type Attempt, runAttempt } from '../throttle/attempt.ts';
import { listQueueNetworks } from '../throttle/client-networks.ts';
import { deliverTokens, type SessionCookies } from '../tokens/refresh-token-cookie.ts';

type Credentials = { email: string; password: string };
type SignIn = {
  tenantId: string;
  credentials: Credentials;
  client: SessionClient;
  /** What the client sent as its device token. */
  deviceToken: string | undefined;
  cookies: SessionCookies;
};
type SignedIn<A> = { account: A; step: SignInStep };

/** `login` and `portalLogin`. */
export function createSignIn<A extends Account>({
  platform,
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['login']> {
  return async (_parent, { input: credentials }, { client, cookies, devices, tenantId }) => {
    const issuer = getIssuer();
    const deviceToken = devices.read(platform, credentials);
    const { account, step } = await signIn(issuer, { tenantId, credentials, client, deviceToken, cookies });
    assertNoChallenge(step);
    return {
      ...deliverTokens(cookies, platform, step.tokens),
      deviceToken: await giveDeviceToken(issuer, devices, {
        account,
        deviceToken,
        sessionId: step.tokens.sessionId,
      }),
    };
  };
}

/**
 * Checks e-mail and password, then opens a session, or a challenge where a second factor is needed. Whatever is wrong (no such account, another password, an inactive
 * account, a malformed e-mail, too many failures), the answer and its time are the same.
 *
 * @throws {RefusalError} auth.failure.invalid_credentials, auth.throttled
 */
async function signIn<A extends Account>(issuer: PlatformIssuer<A>, asked: SignIn): Promise<SignedIn<A>> {
  const { tenantId, credentials, client, deviceToken } = asked;
  const spellings = listEmailSpellings(credentials.email);
  const email = await findReachedEmail(issuer, tenantId, spellings);
  const device = await findKnownDevice(issuer, { tenantId, spellings, deviceToken });
  const networks = listQueueNetworks(client.address);
  const subject = { tenantId, email, address: client.address, device: device?.id };
  const signedIn = await issuer.throttle.run(subject, (way, begin) => {
    const caller = way === 'device' && device ? device.accountId : networks;
    return compare(issuer, asked, { spellings, caller, begin });
  });
  if (signedIn) return signedIn;
  await issuer.passwords.pretendToVerify(networks);
  const { network } = readClientPrefix(client.address);
  issuer.samples.tell('auth.login.throttled', network, { tenantId, origin: client });
  throw new RefusalError('auth.failure.invalid_credentials');
}

/**
 * The e-mail of the account that the spellings reach, under which the attempt counts; without an account, the spelling in ASCII. A typed
 * domain can have many spellings that reach one account, and two accounts can share a mailbox: neither gives more guesses. Most people type
 * ASCII, which reaches one account or none: no query.
 */
async function findReachedEmail<A extends Account>(
  { db, tables }: Pick<PlatformIssuer<A>, 'db' | 'tables'>,
  tenantId: string,
  spellings: readonly string[],
): Promise<string | undefined> {
  if (spellings.length < 2) return spellings[0];
  const found = await readInTenant(db, tenantId, (trx) => findAccountByEmail(trx, tables, spellings));
  return found?.account.email ?? spellings.at(-1);
}

type Compare = {
  spellings: readonly string[];
  caller: PasswordCaller;
  begin(): Promise<Attempt | undefined>;
};

/** Undefined: the throttles did not let the compare begin. */
async function compare<A extends Account>(
  issuer: PlatformIssuer<A>,
  { tenantId, credentials, client, cookies, deviceToken }: SignIn,
  { spellings, caller, begin }: Compare,
): Promise<SignedIn<A> | undefined> {
  // No connection is held while the password waits for its turn.
  const found =
    spellings.length === 0
      ? undefined
      : await readInTenant(issuer.db, tenantId, (trx) => findAccountByEmail(trx, issuer.tables, spellings));
  const begun: { attempt?: Attempt | undefined } = {};
  const isRight = await issuer.passwords
    .verify(credentials.password, found?.password, caller, async () => {
      begun.attempt = await begin();
      return begun.attempt !== undefined;
    })
    .catch(async (error: unknown) => {
      await begun.attempt?.cancel().catch(() => {}); // The first error is the one to report.
      throw error;
    });
  if (!begun.attempt) return undefined;
  return runAttempt(begun.attempt, async (markWrong) => {
    const failed = { tenantId, client, account: found?.account, isRight: isRight === true };
    if (!found || !isRight || !found.account.isActive) {
      markWrong();
      await issuer.auditFailedSignIn(failed);
      throw new RefusalError('auth.failure.invalid_credentials');
    }
    const { account, password: stored } = found;
    issuer.rehash.offer({ tenantId, accountId: account.id, password: credentials.password, stored });
    const signedIn = await inTenant(issuer.db, tenantId, async (trx) => {
      const account = await lockAccount(trx, issuer.tables, found.account.id);
      // The account may have been suspended, or its password changed, during the compare.
      const isStill = account?.isActive && account.passwordVersion === found.account.passwordVersion;
      if (!isStill) return undefined;
      const asked = { account, tenantId, client, cookies, deviceToken };
      return { account, step: await continueSignIn(trx, issuer, asked) };
    });
    if (!signedIn) {
      markWrong();
      await issuer.auditFailedSignIn(failed);
      throw new RefusalError('auth.failure.invalid_credentials');
    }
    return signedIn;
  });
}
