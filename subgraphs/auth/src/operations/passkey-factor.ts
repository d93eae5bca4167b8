import { inTenant, readInTenant } from '@signet/db';
import type { Account } from '../accounts/account.ts';
import { answerChallenge, badChallenge, findChallenge } from '../challenges/challenge.ts';
import { giveDeviceToken } from '../devices/known-devices.ts';
import { hasFactor, listChallengeMethods } from '../factors/account-factors.ts';
import { completeFactorAddition } from '../factors/change-factors.ts';
import { listPasskeys, type StoredPasskey } from '../passkeys/passkey.queries.ts';
import { describeUse } from '../passkeys/passkey-options.ts';
import { badPasskey } from '../passkeys/passkey-response.ts';
import { getPasskeys } from '../passkeys/passkeys.ts';
import { beginRegistration, finishRegistration } from '../passkeys/register-passkey.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { startSession } from '../tokens/issue-tokens.ts';
import { deliverTokens } from '../tokens/refresh-token-cookie.ts';

/** `beginPasskeyChallenge` and `beginPortalPasskeyChallenge`. Who has no password learns no passkey. @throws {RefusalError} input.challenge */
export function createBeginPasskeyChallenge<A extends Account>({
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['beginPasskeyChallenge']> {
  return (_parent, { challenge }, { tenantId }) => {
    const issuer = getIssuer();
    return readInTenant(issuer.db, tenantId, async (trx) => {
      const open = await findChallenge(trx, issuer, challenge);
      if (!open?.methods.includes('passkey')) throw badChallenge();
      const { account } = open;
      return askFor(issuer, { tenantId, account, passkeys: await listPasskeys(trx, issuer, account.id) });
    });
  };
}

/** `beginPasskeyReauthentication` and `beginPortalPasskeyReauthentication`. @throws {RefusalError} input.passkey */
export function createBeginPasskeyReauthentication<A extends Account>({
  getIssuer,
  requireSubject,
  findAccount,
}: PlatformBinding<A>): NonNullable<MutationResolvers['beginPasskeyReauthentication']> {
  return async (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const { tenantId, accountId } = requireSubject(ctx);
    const account = await findAccount(ctx, accountId);
    const all = await readInTenant(issuer.db, tenantId, (trx) => listPasskeys(trx, issuer, accountId));
    const passkeys = all.filter(({ disabledAt }) => disabledAt === null);
    if (!account || passkeys.length === 0) throw badPasskey('You have no passkey that works.');
    return askFor(issuer, { tenantId, account, passkeys, mustVerifyUser: true });
  };
}

type Asked<A> = {
  tenantId: string;
  account: A;
  passkeys: readonly StoredPasskey[];
  mustVerifyUser?: boolean;
};

function askFor<A extends Account>(
  issuer: PlatformIssuer<A>,
  { tenantId, account, passkeys, mustVerifyUser = false }: Asked<A>,
) {
  const { party, challenges } = getPasskeys(issuer);
  return describeUse({
    challenge: challenges.create({ tenantId, kind: 'factor', account }, issuer.now()),
    party,
    allowed: passkeys.filter(({ disabledAt }) => disabledAt === null),
    userVerification: mustVerifyUser ? 'required' : 'preferred',
  });
}

/** `beginPortalPasskeyEnrollment`: by the challenge of an account that must add a factor. @throws {RefusalError} input.challenge */
export function createBeginPasskeyEnrollment<A extends Account>({
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['beginPortalPasskeyEnrollment']> {
  return (_parent, { challenge }, { tenantId }) => {
    const issuer = getIssuer();
    return inTenant(issuer.db, tenantId, async (trx) => {
      const open = await findChallenge(trx, issuer, challenge);
      if (!open?.methods.includes('enroll_passkey')) throw badChallenge();
      return beginRegistration(trx, issuer, { tenantId, account: open.account });
    });
  };
}

/**
 * `finishPortalPasskeyEnrollment`: answers that challenge, so the session begins.
 *
 * @throws {RefusalError} input.challenge, input.passkey, input.name
 */
export function createFinishPasskeyEnrollment<A extends Account>({
  platform,
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['finishPortalPasskeyEnrollment']> {
  return async (_parent, { input }, { tenantId, client, cookies, devices }) => {
    const issuer = getIssuer();
    const deviceToken = devices.read(platform, input);
    const asked = { tenantId, id: input.challenge, client, deviceToken };
    const enrolled = await answerChallenge(issuer, asked, async (trx, { account, methods, first }) => {
      // A factor that was added meanwhile, from another challenge, must not be bypassed with this one.
      const isStill = !hasFactor(await listChallengeMethods(trx, issuer, account));
      if (!methods.includes('enroll_passkey') || !isStill) throw badChallenge();
      const owner = { account, tenantId, client };
      const { proven } = await finishRegistration(trx, issuer, owner, input);
      const recoveryCodes = await completeFactorAddition(trx, issuer, owner, 'passkey');
      const amr = [...first.amr, ...proven, 'mfa'];
      const tokens = await startSession(trx, issuer, { ...first, ...owner, cookies, amr });
      return { account, recoveryCodes, tokens };
    });
    return {
      recoveryCodes: enrolled.recoveryCodes ?? [],
      tokens: {
        ...deliverTokens(cookies, platform, enrolled.tokens),
        deviceToken: await giveDeviceToken(issuer, devices, {
          account: enrolled.account,
          deviceToken,
          sessionId: enrolled.tokens.sessionId,
        }),
      },
    };
  };
}
