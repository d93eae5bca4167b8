import { inTenant, writeAuditEvent } from '@signet/db';
import { badInput, type RefusalError } from '@signet/service';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { giveDeviceToken } from '../devices/known-devices.ts';
import type { PlatformBinding, PlatformIssuer, SessionSubject } from '../platform-issuer.ts';
import type { MutationResolvers, ReauthenticateInput } from '../resolvers.generated.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import { renewSession } from '../sessions/session.queries.ts';
import { type IssuedTokens, replaceTokens } from '../tokens/issue-tokens.ts';
import { deliverTokens, type SessionCookies } from '../tokens/refresh-token-cookie.ts';
import { compareOwnPassword, readOwnAccount } from './own-password.ts';

type Proof = ReauthenticateInput & { cookies: SessionCookies };

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
    const { account, tokens } = await reauthenticate(issuer, subject, { ...input, cookies });
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
 * @throws {RefusalError} input.password, input.session, auth.failure.revoked, auth.throttled
 */
async function reauthenticate<A extends Account>(
  issuer: PlatformIssuer<A>,
  subject: SessionSubject,
  proof: Proof,
): Promise<{ account: A; tokens: IssuedTokens }> {
  const { db, tables, now } = issuer;
  const { tenantId, client } = subject;
  const found = await readOwnAccount(issuer, subject, proof.cookies);
  const methods = await proveIdentity(issuer, subject, { proof, account: found });
  return inTenant(db, tenantId, async (trx) => {
    const { account, session } = await lockOwnSession(trx, issuer, subject);
    // The password was changed from this session meanwhile: what was compared is the old one.
    if (account.passwordVersion !== found.account.passwordVersion) throw wrongPassword();
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
