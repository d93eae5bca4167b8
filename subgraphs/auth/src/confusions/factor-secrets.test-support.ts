import type { Platform } from '@signet/schema/contract';
import { newAddress } from '../testing/account-operations.test-support.ts';
import { addCustomer, addStaffMember } from '../testing/accounts.test-support.ts';
import type { TestAuth } from '../testing/auth.test-support.ts';
import { factorOperations } from '../testing/factors.test-support.ts';
import type { Corner } from './confusions.test-support.ts';

/** Challenges, recovery codes and device tokens of one platform. */
export async function openFactorSecrets(auth: TestAuth, platform: Platform): Promise<Corner> {
  const isUser = platform === 'user';
  const of = isUser ? 'customers' : 'staff';
  const factors = factorOperations(() => auth, platform);
  const { complete, login } = factors.fields;
  const add = async () => {
    const options = { tenantId: auth.tenants.demo };
    const account = await (isUser ? addCustomer : addStaffMember)(auth.database, options);
    return { account, ...(await factors.addTotp(account)) };
  };
  const [challenged, recovering, remembered] = [await add(), await add(), await add()];
  const [firstCode, rightCode = ''] = remembered.recoveryCodes;
  const { tokens } = await factors.complete((await factors.challengeOf(remembered.account)).id, {
    recoveryCode: firstCode as string,
    rememberDevice: true,
  });
  // Many wrong answers slow an account down: that is not what keeps a secret out here.
  const forget = () => auth.database.query(`delete from auth.${platform}_throttle`);
  return {
    secrets: [
      {
        kind: `challenge of ${of}`,
        text: (await factors.challengeOf(challenged.account)).id,
        fits: [complete],
      },
      {
        kind: `recovery code of ${of}`,
        text: recovering.recoveryCodes[0] ?? '',
        fits: [`recoveryCode of ${complete}`],
      },
      { kind: `device token of ${of}`, text: tokens?.deviceToken ?? '', fits: [`deviceToken of ${login}`] },
      { kind: `another account's recovery code of ${of}`, text: rightCode, fits: [] },
    ],
    places: [
      {
        name: complete,
        async present(id) {
          await forget();
          const answer = { recoveryCode: challenged.recoveryCodes[0] as string };
          return (await factors.complete(id, answer, { address: newAddress() })).reason;
        },
        refusal: /^input\.challenge$/,
      },
      {
        name: `recoveryCode of ${complete}`,
        async present(recoveryCode) {
          await forget();
          const { id } = await factors.challengeOf(recovering.account, { address: newAddress() });
          return (await factors.complete(id, { recoveryCode }, { address: newAddress() })).reason;
        },
        refusal: /^input\.recoveryCode$/,
      },
      {
        name: `deviceToken of ${login}`,
        async present(deviceToken) {
          await forget();
          const sender = { address: newAddress() };
          const { body } = await factors.signIn(remembered.account, { deviceToken }, sender);
          return body.errors?.[0]?.extensions.reason;
        },
        refusal: /^auth\.challenge_required$/,
      },
    ],
  };
}
