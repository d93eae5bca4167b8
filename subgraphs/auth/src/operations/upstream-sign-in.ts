import { randomBytes } from 'node:crypto';
import { type Database, inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import { RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import { findOwnerOfEmail, insertUser } from '../accounts/account.queries.ts';
import type { Account, StaffAccount, UserAccount } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { assertNoChallenge, continueSignIn, type SignInStep } from '../challenges/continue-sign-in.ts';
import { giveDeviceToken } from '../devices/known-devices.ts';
import { tellOfNewDevice } from '../devices/new-device-mail.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import { endRegistrationsOf } from '../registrations/registration.queries.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { listQueueNetworks } from '../throttle/client-networks.ts';
import { startSession } from '../tokens/issue-tokens.ts';
import { deliverTokens, type SessionCookies } from '../tokens/refresh-token-cookie.ts';
import { findIdentityOwner } from '../upstream/identity.queries.ts';
import { type CreateAccount, getAccountOf } from '../upstream/person-account.ts';
import type { Person } from '../upstream/provider-claims.ts';
import { createStaffOf, settleRole } from '../upstream/staff-role.ts';
import {
  signInIsOver,
  takeResult,
  type UpstreamPurpose,
  type UpstreamResult,
} from '../upstream/upstream-result.ts';
import { assertNotLoggedOut, firstFactorOf, type UpstreamProof } from '../upstream/upstream-session.ts';

/** What the platforms differ in. */
type Ways<A extends Account> = {
  create: CreateAccount<A>;
  /** The account with what the provider says of it now; undefined for somebody who may not come in any more. */
  settle(
    trx: Transaction<Database>,
    issuer: PlatformIssuer<A>,
    signIn: { account: A; tenantId: string; client: SessionClient; person: Person; since: number },
  ): Promise<A | undefined>;
};

/** `completeUpstreamSignIn` */
export function createCustomerUpstreamSignIn(
  binding: PlatformBinding<UserAccount>,
): NonNullable<MutationResolvers['completeUpstreamSignIn']> {
  return createUpstreamSignIn(binding, {
    create: createCustomer,
    settle: async (_trx, _issuer, { account }) => account,
  });
}

/** `completePortalUpstreamSignIn` */
export function createStaffUpstreamSignIn(
  binding: PlatformBinding<StaffAccount>,
): NonNullable<MutationResolvers['completePortalUpstreamSignIn']> {
  return createUpstreamSignIn(binding, { create: createStaffOf, settle: settleRole });
}

/**
 * Ends a sign-in at an identity provider: a session, or a challenge where a second factor is needed and the provider did not ask for one.
 *
 * @throws {RefusalError} input.code, auth.failure.not_linked, auth.failure.invalid_credentials, auth.failure.revoked, authz.role.deny,
 *   auth.challenge_required
 */
function createUpstreamSignIn<A extends Account>(
  { platform, getIssuer }: PlatformBinding<A>,
  ways: Ways<A>,
): NonNullable<MutationResolvers['completeUpstreamSignIn']> {
  return async (_parent, { input }, { tenantId, client, cookies, devices }) => {
    const issuer = getIssuer();
    const deviceToken = devices.read(platform, input);
    const result = await getResult(issuer, { tenantId, ...input, purpose: 'sign_in' });
    const asked = { tenantId, client, cookies, deviceToken, result };
    const { account, step } = await signIn(issuer, asked, ways).catch(async (error: unknown) => {
      if (error instanceof RefusalError && error.reason === 'auth.failure.not_linked') {
        await issuer.auditFailedSignIn({ tenantId, client, cause: 'upstream' });
      }
      throw error;
    });
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

/** Uses a code up. @throws {RefusalError} input.code */
export async function getResult<A extends Account>(
  issuer: PlatformIssuer<A>,
  asked: { tenantId: string; code: string; verifier: string; purpose: UpstreamPurpose },
): Promise<UpstreamResult> {
  const result = await inTenant(issuer.db, asked.tenantId, (trx) => takeResult(trx, issuer, asked));
  if (!result) throw signInIsOver();
  return result;
}

type SignIn = {
  tenantId: string;
  client: SessionClient;
  cookies: SessionCookies;
  deviceToken: string | undefined;
  result: UpstreamResult;
};
type Refused = { reason: 'auth.failure.invalid_credentials' | 'authz.role.deny' };

async function signIn<A extends Account>(
  issuer: PlatformIssuer<A>,
  { result, ...asked }: SignIn,
  ways: Ways<A>,
): Promise<{ account: A; step: SignInStep }> {
  const { person, since, begunAt } = result;
  const { tenantId, client } = asked;
  const creation = await prepareCreation(issuer, { tenantId, client, person }, ways);
  const { issuer: iss, subject, sid, authTime } = person;
  const proof: UpstreamProof = { issuer: iss, subject, sid, authTime, begunAt };
  const done = await inTenant(
    issuer.db,
    tenantId,
    async (trx): Promise<{ account: A; step: SignInStep } | Refused> => {
      await assertNotLoggedOut(trx, issuer, tenantId, proof);
      const found = await getAccountOf(trx, issuer, { tenantId, client, person, creation });
      if (!found.isActive) return { reason: 'auth.failure.invalid_credentials' };
      const account = await ways.settle(trx, issuer, { account: found, tenantId, client, person, since });
      if (!account) return { reason: 'authz.role.deny' };
      const first = firstFactorOf(proof);
      if (!person.hasFactor)
        return { account, step: await continueSignIn(trx, issuer, { ...asked, account, first }) };
      await tellOfNewDevice(trx, issuer, { ...asked, account });
      const amr = [...first.amr, 'mfa'];
      return {
        account,
        step: { tokens: await startSession(trx, issuer, { ...asked, ...first, account, amr }) },
      };
    },
  );
  if ('account' in done) return done;
  if (done.reason === 'authz.role.deny') {
    throw new RefusalError('authz.role.deny', { text: 'The identity provider gives you no role here.' });
  }
  await issuer.auditFailedSignIn({ tenantId, client, cause: 'upstream' });
  throw new RefusalError(done.reason);
}

/** The password is hashed before the transaction, and only for somebody who gets an account. */
async function prepareCreation<A extends Account>(
  issuer: PlatformIssuer<A>,
  { tenantId, client, person }: { tenantId: string; client: SessionClient; person: Person },
  { create }: Ways<A>,
) {
  const { provider, email, isEmailProven, role } = person;
  if (
    !issuer.upstream.find(provider)?.client.provider.create ||
    email === undefined ||
    !isEmailProven ||
    role === null
  ) {
    return undefined;
  }
  const isKnown = await readInTenant(issuer.db, tenantId, async (trx) => {
    if ((await findIdentityOwner(trx, issuer, person)) !== undefined) return true;
    return (await findOwnerOfEmail(trx, issuer.tables, email)) !== undefined;
  });
  if (isKnown) return undefined;
  const unknown = randomBytes(32).toString('base64');
  return { create, password: await issuer.passwords.hash(unknown, listQueueNetworks(client.address)) };
}

/** The mailbox has an owner now, as after a registration. */
const createCustomer: CreateAccount<UserAccount> = async (
  trx,
  issuer,
  { tenantId, client, person, password },
) => {
  const { email, fullName, provider } = person;
  const account = await insertUser(trx, { tenantId, email, fullName, password, emailVerified: true });
  if (!account) return undefined;
  await endRegistrationsOf(trx, email);
  const event = auditOwn(
    'auth.account.registered',
    issuer,
    { tenantId, accountId: account.id, client },
    { provider },
  );
  await writeAuditEvent(trx, event);
  return account;
};
