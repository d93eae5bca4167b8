import { inTenant, readInTenant } from '@signet/db';
import { RefusalError } from '@signet/service';
import { lockAccountForChange } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { giveDeviceToken } from '../devices/known-devices.ts';
import { tellOfNewDevice } from '../devices/new-device-mail.ts';
import { describeUse } from '../passkeys/passkey-options.ts';
import { getPasskeys } from '../passkeys/passkeys.ts';
import { checkPasskey, unknownPasskey, usePasskey, withCopiesDisabled } from '../passkeys/prove-passkey.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { runAttempt } from '../throttle/attempt.ts';
import { type IssuedTokens, startSession } from '../tokens/issue-tokens.ts';
import { deliverTokens, type SessionCookies } from '../tokens/refresh-token-cookie.ts';

/** `beginPasskeySignIn` and `beginPortalPasskeySignIn`: the same for everybody, and without a row. @throws {RefusalError} authz.permission.deny */
export function createBeginPasskeySignIn<A extends Account>({
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['beginPasskeySignIn']> {
  return (_parent, _args, { tenantId }) => {
    const issuer = getIssuer();
    const { party, challenges } = getPasskeys(issuer);
    const challenge = challenges.create({ tenantId, kind: 'sign_in' }, issuer.now());
    return describeUse({ challenge, party, allowed: [], userVerification: 'required' });
  };
}

/** `finishPasskeySignIn` and `finishPortalPasskeySignIn`. @throws {RefusalError} input.passkey, auth.throttled */
export function createFinishPasskeySignIn<A extends Account>({
  platform,
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['finishPasskeySignIn']> {
  return async (_parent, { input }, { tenantId, client, cookies, devices }) => {
    const issuer = getIssuer();
    const deviceToken = devices.read(platform, input);
    const asked = { tenantId, client, cookies, sent: input.passkey, deviceToken };
    const { account, tokens } = await signIn(issuer, asked);
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

type SignIn = {
  tenantId: string;
  client: SessionClient;
  cookies: SessionCookies;
  sent: unknown;
  deviceToken: string | undefined;
};

/** Possession of the passkey, and what it checked: two factors. */
async function signIn<A extends Account>(
  issuer: PlatformIssuer<A>,
  { tenantId, client, cookies, sent, deviceToken }: SignIn,
): Promise<{ account: A; tokens: IssuedTokens }> {
  const { db, tables, throttle } = issuer;
  const answer = { sent, purpose: { tenantId, kind: 'sign_in' }, mustVerifyUser: true } as const;
  return runAttempt(await throttle.beginPasskey(client.address), async (markWrong) => {
    try {
      const checked = await readInTenant(db, tenantId, (trx) => checkPasskey(trx, issuer, answer));
      return await withCopiesDisabled(issuer, { tenantId, client }, () =>
        inTenant(db, tenantId, async (trx) => {
          const account = await lockAccountForChange(trx, tables, checked.passkey.accountId);
          if (!account?.isActive) throw unknownPasskey();
          const amr = [...(await usePasskey(trx, issuer, tenantId, checked)), 'mfa'];
          await tellOfNewDevice(trx, issuer, { account, tenantId, client, deviceToken });
          return {
            account,
            tokens: await startSession(trx, issuer, { account, tenantId, client, cookies, amr }),
          };
        }),
      );
    } catch (error) {
      if (error instanceof RefusalError) {
        markWrong();
        await issuer.auditFailedSignIn({ tenantId, client, cause: 'passkey' });
      }
      throw error;
    }
  });
}
