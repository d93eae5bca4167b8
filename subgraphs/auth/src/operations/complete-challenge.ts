import { badInput } from '@signet/service';
import type { Account } from '../accounts/account.ts';
import { answerChallenge } from '../challenges/challenge.ts';
import { noteDevice } from '../devices/device.queries.ts';
import { giveDeviceToken } from '../devices/known-devices.ts';
import { tellOfNewDevice } from '../devices/new-device-mail.ts';
import { hasFactor, proveFactor, readFactorAnswer } from '../factors/account-factors.ts';
import { trustDevice } from '../factors/trusted-devices.ts';
import { withCopiesDisabled } from '../passkeys/prove-passkey.ts';
import type { PlatformBinding } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { startSession } from '../tokens/issue-tokens.ts';
import { deliverTokens } from '../tokens/refresh-token-cookie.ts';

/**
 * `completeChallenge` and `completePortalChallenge`: the second step of signing in.
 *
 * @throws {RefusalError} input.challenge, input.totp, input.recoveryCode, input.passkey, input.rememberDevice, auth.throttled
 */
export function createCompleteChallenge<A extends Account>({
  platform,
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['completeChallenge']> {
  return async (_parent, { input }, { tenantId, client, cookies, devices }) => {
    const issuer = getIssuer();
    const { id, rememberDevice } = input;
    const sent = devices.read(platform, input);
    readFactorAnswer(input);
    if (rememberDevice && issuer.factors.rememberSeconds === 0) {
      throw badInput('rememberDevice', 'Devices are not remembered here.');
    }
    const asked = { tenantId, id, client, deviceToken: sent };
    const answered = answerChallenge(issuer, asked, async (trx, open) => {
      const { account, methods, first } = open;
      // Of an account without a factor nothing can be proven: it must add one.
      if (!hasFactor(methods)) throw badInput('challenge', 'This challenge asks you to add a second factor.');
      const proven = await proveFactor(trx, issuer, { account, tenantId, client, answer: input });
      await tellOfNewDevice(trx, issuer, { tenantId, account, client, deviceToken: sent });
      const seen = { tenantId, account, client, deviceToken: sent };
      const { token: deviceToken } = await noteDevice(trx, issuer, seen);
      if (rememberDevice) await trustDevice(trx, issuer, { tenantId, account, deviceToken });
      const amr = [...first.amr, ...proven];
      return {
        account,
        deviceToken,
        tokens: await startSession(trx, issuer, { ...first, account, tenantId, client, cookies, amr }),
      };
    });
    const { account, tokens, deviceToken } = await withCopiesDisabled(issuer, asked, () => answered);
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
