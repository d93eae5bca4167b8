import { type Database, inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import { badInput, RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { giveDeviceToken } from '../devices/known-devices.ts';
import { hasFactor, listChallengeMethods, proveFactor } from '../factors/account-factors.ts';
import type { PlatformBinding, PlatformIssuer, SessionSubject } from '../platform-issuer.ts';
import type { MutationResolvers, ReauthenticateInput } from '../resolvers.generated.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import { renewSession } from '../sessions/session.queries.ts';
import { runAttempt } from '../throttle/attempt.ts';
import { type IssuedTokens, replaceTokens } from '../tokens/issue-tokens.ts';
import { deliverTokens, type SessionCookies } from '../tokens/refresh-token-cookie.ts';
import { compareOwnPassword, readOwnAccount } from './own-password.ts';

type Proof = ReauthenticateInput & { cookies: SessionCookies; sentDeviceToken: string | undefined };
type Renewed<A> = { account: A; tokens: IssuedTokens };

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
    const { account, tokens } = await reauthenticate(issuer, subject, {
      ...input,
      cookies,
      sentDeviceToken: deviceToken,
    });
    return {
      ...deliverTokens(cookies, platform, tokens),
      deviceToken: giveDeviceToken(issuer, devices, { account, deviceToken }),
    };
  };
}

/**
 * Lets the caller prove again who they are. The session goes on, with a new `auth_time` and new tokens: a copy of its refresh token must
 * not get a recent sign-in by the owner's proof.
 *
 * An account with a second factor proves that: whoever has a session and the password must not get at its factors.
 *
 * @throws {RefusalError} input.password, input.totp, input.recoveryCode, input.session, auth.failure.revoked, auth.throttled
 */
async function reauthenticate<A extends Account>(
  issuer: PlatformIssuer<A>,
  subject: SessionSubject,
  proof: Proof,
): Promise<Renewed<A>> {
  const found = await readOwnAccount(issuer, subject, proof.cookies);
  if (proof.totp != null || proof.recoveryCode != null) {
    return renewByFactor(issuer, subject, { proof, account: found });
  }
  await assertNoFactor(issuer, subject, found.account);
  const methods = await proveIdentity(issuer, subject, { proof, account: found });
  return renew(issuer, subject, proof, (_trx, account) => {
    // The password was changed from this session meanwhile: what was compared is the old one.
    if (account.passwordVersion !== found.account.passwordVersion) throw wrongPassword();
    return methods;
  });
}

/** In the transaction that locks account and session: `prove` gives the methods by which the caller proved who they are. */
function renew<A extends Account>(
  issuer: PlatformIssuer<A>,
  subject: SessionSubject,
  proof: Proof,
  prove: (trx: Transaction<Database>, account: A) => Promise<string[]> | string[],
): Promise<Renewed<A>> {
  const { db, tables, now } = issuer;
  const { tenantId, client } = subject;
  return inTenant(db, tenantId, async (trx) => {
    const { account, session } = await lockOwnSession(trx, issuer, subject);
    const methods = await prove(trx, account);
    const renewed = { authTime: now(), amr: [...new Set([...session.amr, ...methods])] };
    await renewSession(trx, tables, { id: session.id, ...renewed });
    await writeAuditEvent(
      trx,
      auditOwn('auth.reauthenticated', issuer, subject, { methods: methods.join(' ') }),
    );
    const open = { account, tenantId, session: { ...session, ...renewed }, client };
    return { account, tokens: await replaceTokens(trx, issuer, open, proof.cookies) };
  });
}

/** Counts the attempt as at a challenge: six digits are guessed here as well as there. */
async function renewByFactor<A extends Account>(
  issuer: PlatformIssuer<A>,
  subject: SessionSubject,
  { proof, account: { account } }: Presented<A>,
): Promise<Renewed<A>> {
  const { tenantId, client } = subject;
  const { totp, recoveryCode, sentDeviceToken: sent } = proof;
  const device = sent === undefined ? undefined : issuer.devices.findDevice(sent, account, issuer.now());
  return runAttempt(await issuer.throttle.beginFactor(account.id, device), async (markWrong) => {
    let isWrong = false;
    try {
      return await renew(issuer, subject, proof, async (trx, locked) => {
        const proven = { account: locked, tenantId, client, answer: { totp, recoveryCode } };
        isWrong = true;
        const methods = await proveFactor(trx, issuer, proven);
        isWrong = false;
        return methods;
      });
    } catch (error) {
      if (isWrong && error instanceof RefusalError) {
        markWrong();
        const event = auditOwn('auth.reauthentication_failure', issuer, subject, { reason: error.reason });
        await inTenant(issuer.db, tenantId, (trx) => writeAuditEvent(trx, event));
      }
      throw error;
    }
  });
}

/** @throws {RefusalError} input.totp */
async function assertNoFactor<A extends Account>(
  issuer: PlatformIssuer<A>,
  { tenantId }: SessionSubject,
  account: A,
): Promise<void> {
  const methods = await readInTenant(issuer.db, tenantId, (trx) =>
    listChallengeMethods(trx, issuer, account),
  );
  if (hasFactor(methods)) throw badInput('totp', 'Your account has a second factor: prove that.');
}

type Presented<A extends Account> = {
  proof: Proof;
  account: Awaited<ReturnType<typeof readOwnAccount<A>>>;
};

/**
 * Checks what the caller presents.
 *
 * @returns the methods by which they proved who they are (`amr`, RFC 8176)
 * @throws {RefusalError}
 */
async function proveIdentity<A extends Account>(
  issuer: PlatformIssuer<A>,
  subject: SessionSubject,
  { proof: { password }, account }: Presented<A>,
): Promise<string[]> {
  if (typeof password !== 'string') {
    throw badInput('password', 'Send your password.');
  }
  const failure = 'auth.reauthentication_failure';
  await compareOwnPassword(issuer, subject, { password, account, failure, refusal: wrongPassword });
  return ['pwd'];
}

function wrongPassword(): RefusalError {
  return badInput('password', 'This is not your password.');
}
