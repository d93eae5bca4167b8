import { type Database, inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import { badInput, RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { findLiveDevice } from '../devices/device.queries.ts';
import { giveDeviceToken } from '../devices/known-devices.ts';
import { hasFactor, listChallengeMethods, proveFactor } from '../factors/account-factors.ts';
import { withCopiesDisabled } from '../passkeys/prove-passkey.ts';
import type { PlatformBinding, PlatformIssuer, SessionSubject } from '../platform-issuer.ts';
import type { MutationResolvers, ReauthenticateInput } from '../resolvers.generated.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import { endWithoutFactor, lacksFactor } from '../sessions/required-factor.ts';
import { renewSession } from '../sessions/session.queries.ts';
import { runAttempt } from '../throttle/attempt.ts';
import { type IssuedTokens, replaceTokens } from '../tokens/issue-tokens.ts';
import { deliverTokens, type SessionCookies } from '../tokens/refresh-token-cookie.ts';
import { compareOwnPassword, readOwnAccount } from './own-password.ts';

type Proof = Omit<ReauthenticateInput, 'deviceToken'> & {
  deviceToken: string | undefined;
  cookies: SessionCookies;
};

/** `reauthenticate` and `portalReauthenticate`. */
export function createReauthenticate<A extends Account>({
  platform,
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['reauthenticate']> {
  return async (_parent, { input }, ctx) => {
    const { cookies, devices } = ctx;
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    const deviceToken = devices.read(platform, input);
    const { account, tokens } = await reauthenticate(issuer, subject, { ...input, deviceToken, cookies });
    return {
      ...deliverTokens(cookies, platform, tokens),
      deviceToken: await giveDeviceToken(issuer, devices, {
        account,
        deviceToken,
        sessionId: tokens.sessionId,
      }),
    };
  };
}

/**
 * Lets the caller prove again who they are: by the password, and by a second factor where the account has one, on a remembered device
 * too; or by a passkey alone. The session goes on, with a new `auth_time` and new tokens: a copy of its refresh token must not get a recent sign-in by the
 * owner's proof.
 *
 * @throws {RefusalError} input.password, input.totp, input.recoveryCode, input.passkey, input.session, auth.failure.revoked, auth.throttled
 */
async function reauthenticate<A extends Account>(
  issuer: PlatformIssuer<A>,
  subject: SessionSubject,
  proof: Proof,
): Promise<Proven<A>> {
  const { tenantId, accountId } = subject;
  const { password, cookies } = proof;
  const found = await readOwnAccount(issuer, subject, cookies);
  // A passkey that has checked who uses it is two factors by itself.
  const isByPasskey = proof.passkey != null && password == null;
  if (!isByPasskey) {
    if (typeof password !== 'string') throw badInput('password', 'Send your password.');
    const guess = { password, account: found, failure, refusal: wrongPassword };
    await compareOwnPassword(issuer, subject, guess);
  }
  const proven = isByPasskey ? [] : ['pwd'];
  const renew = async (prove: ProveFactor<A>) => {
    const renewed = await inTenant(issuer.db, tenantId, (trx) =>
      renewOwnSession(trx, issuer, subject, { found: found.account, proven, prove, cookies }),
    );
    if (!renewed) throw new RefusalError('auth.failure.revoked');
    return renewed;
  };
  if (proof.totp == null && proof.recoveryCode == null && proof.passkey == null) return renew(assertNoFactor);
  const device = await readInTenant(issuer.db, tenantId, (trx) =>
    findLiveDevice(trx, issuer, found.account, proof.deviceToken),
  );
  return runAttempt(await issuer.throttle.beginFactor(accountId, device), (markWrong) =>
    withCopiesDisabled(issuer, subject, () =>
      renew(async (trx, _issuer, { account }) => {
        try {
          return await proveFactor(trx, issuer, {
            ...subject,
            account,
            answer: proof,
            mustVerifyUser: isByPasskey,
          });
        } catch (error) {
          if (error instanceof RefusalError) markWrong();
          throw error;
        }
      }),
    ).catch(async (error: unknown) => {
      if (error instanceof RefusalError && /^input\.(totp|recoveryCode|passkey)$/.test(error.reason)) {
        const event = auditOwn(failure, issuer, subject, { reason: error.reason });
        await inTenant(issuer.db, tenantId, (trx) => writeAuditEvent(trx, event));
      }
      throw error;
    }),
  );
}

const failure = 'auth.reauthentication_failure' as const;
type Proven<A> = { account: A; tokens: IssuedTokens };
/** Returns how the person proved who they are, beside the password (`amr`, RFC 8176). */
type ProveFactor<A extends Account> = (
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  own: { account: A },
) => Promise<readonly string[]>;

/** @throws {RefusalError} input.totp for an account with a second factor: its password is not enough. */
async function assertNoFactor<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { account }: { account: A },
): Promise<readonly string[]> {
  if (hasFactor(await listChallengeMethods(trx, issuer, account))) {
    throw badInput('totp', 'Your account has a second factor: send a code of it too.');
  }
  return [];
}

type Renewal<A extends Account> = {
  /** As the password was compared with it. */
  found: A;
  /** How the person proved who they are before. */
  proven: readonly string[];
  prove: ProveFactor<A>;
  cookies: SessionCookies;
};

/** @returns undefined where the session lacks the second factor that its account's role asks for, and has ended. */
async function renewOwnSession<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  subject: SessionSubject,
  { found, proven, prove, cookies }: Renewal<A>,
): Promise<Proven<A> | undefined> {
  const { account, session } = await lockOwnSession(trx, issuer, subject);
  // The password was changed from this session meanwhile: what was compared is the old one.
  if (account.passwordVersion !== found.passwordVersion) throw wrongPassword();
  const methods = [...proven, ...(await prove(trx, issuer, { account }))];
  const renewed = { authTime: issuer.now(), amr: [...new Set([...session.amr, ...methods])] };
  if (lacksFactor(issuer, account, renewed.amr)) {
    await endWithoutFactor(trx, issuer, subject);
    return undefined;
  }
  await renewSession(trx, issuer.tables, { id: session.id, ...renewed });
  const event = auditOwn('auth.reauthenticated', issuer, subject, { methods: methods.join(' ') });
  await writeAuditEvent(trx, event);
  const { tenantId, client } = subject;
  const open = { account, tenantId, session: { ...session, ...renewed }, client };
  return { account, tokens: await replaceTokens(trx, issuer, open, cookies) };
}

function wrongPassword(): RefusalError {
  return badInput('password', 'This is not your password.');
}
