import type { Database } from '@signet/db';
import { inTenant } from '@signet/db';
import { badInput, type RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import { getTenantName } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { answerChallenge, badChallenge, findChallenge, type OpenChallenge } from '../challenges/challenge.ts';
import { giveDeviceToken } from '../devices/known-devices.ts';
import { hasFactor, listChallengeMethods } from '../factors/account-factors.ts';
import {
  changeOwnFactors,
  completeFactorAddition,
  completeOwnRemoval,
  noteProvenFactor,
} from '../factors/change-factors.ts';
import { beginTotp, confirmTotp, deleteTotp } from '../factors/totp.queries.ts';
import { createTotpSecret, describeTotp } from '../factors/totp.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { startSession } from '../tokens/issue-tokens.ts';
import { deliverTokens } from '../tokens/refresh-token-cookie.ts';

type Beginning = { tenantId: string; account: Account };

/** `beginTotp` and `beginPortalTotp`. The app that the account has stays good until the new one is confirmed. */
export function createBeginTotp<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['beginTotp']> {
  return (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    return changeOwnFactors(issuer, subject, (trx, { account }) =>
      begin(trx, issuer, { tenantId: subject.tenantId, account }),
    );
  };
}

/** `confirmTotp` and `confirmPortalTotp`. @throws {RefusalError} input.code */
export function createConfirmTotp<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['confirmTotp']> {
  return (_parent, { code }, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    return changeOwnFactors(issuer, subject, async (trx, { account, session }) => {
      if (!(await confirmTotp(trx, issuer, account.id, code))) throw wrongCode();
      await noteProvenFactor(trx, issuer, session);
      const recoveryCodes = await completeFactorAddition(trx, issuer, { ...subject, account }, 'totp');
      return { recoveryCodes: recoveryCodes ?? null };
    });
  };
}

/** `removeTotp` and `removePortalTotp`. @returns whether there was one. @throws {RefusalError} authz.permission.deny */
export function createRemoveTotp<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['removeTotp']> {
  return (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    return changeOwnFactors(issuer, subject, async (trx, { account }) => {
      if (!(await deleteTotp(trx, issuer, account.id))) return false;
      await completeOwnRemoval(trx, issuer, { ...subject, account }, 'totp');
      return true;
    });
  };
}

/** `beginPortalTotpEnrollment`: by the challenge of an account that must add a factor. @throws {RefusalError} input.challenge */
export function createBeginTotpEnrollment<A extends Account>({
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['beginPortalTotpEnrollment']> {
  return (_parent, { challenge }, { tenantId }) => {
    const issuer = getIssuer();
    return inTenant(issuer.db, tenantId, async (trx) => {
      const open = await findChallenge(trx, issuer, challenge);
      if (!open || !(await mayEnroll(trx, issuer, open))) throw badChallenge();
      return begin(trx, issuer, { tenantId, account: open.account });
    });
  };
}

/** `confirmPortalTotpEnrollment`: answers that challenge, so the session begins. @throws {RefusalError} input.challenge, input.code */
export function createConfirmTotpEnrollment<A extends Account>({
  platform,
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['confirmPortalTotpEnrollment']> {
  return async (_parent, { input }, { tenantId, client, cookies, devices }) => {
    const issuer = getIssuer();
    const deviceToken = devices.read(platform, input);
    const asked = { tenantId, id: input.challenge, client, deviceToken };
    const enrolled = await answerChallenge(issuer, asked, async (trx, { account, methods, first }) => {
      if (!(await mayEnroll(trx, issuer, { account, methods }))) throw badChallenge();
      if (!(await confirmTotp(trx, issuer, account.id, input.code))) throw wrongCode();
      const owner = { account, tenantId, client };
      const recoveryCodes = await completeFactorAddition(trx, issuer, owner, 'totp');
      const amr = [...first.amr, 'otp', 'mfa'];
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

/** A factor that was added meanwhile, from another challenge, must not be bypassed with this one. */
async function mayEnroll<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { account, methods }: Pick<OpenChallenge<A>, 'account' | 'methods'>,
): Promise<boolean> {
  return methods.includes('enroll_totp') && !hasFactor(await listChallengeMethods(trx, issuer, account));
}

async function begin<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { tenantId, account }: Beginning,
): Promise<{ secret: string; uri: string }> {
  const secret = createTotpSecret();
  await beginTotp(trx, issuer, { tenantId, accountId: account.id, secret });
  const tenant = await getTenantName(trx, tenantId);
  return describeTotp(secret, { issuer: tenant, label: account.email });
}

function wrongCode(): RefusalError {
  return badInput('code', 'This is not the code that the app shows now. Check the clock of the device.');
}
