import type { Platform } from '@signet/schema/contract';
import { expect } from 'vitest';
import {
  accountFields,
  accountOperations,
  type Outcome,
} from '../testing/account-operations.test-support.ts';
import { addCustomer, addStaffMember, testPassword } from '../testing/accounts.test-support.ts';
import type { TestAuth } from '../testing/auth.test-support.ts';
import { type Corner, type Place, reasonOf } from './confusions.test-support.ts';

const newPassword = 'twelve blue plums in a boat';
const refusal = /^input\.token$/;

/** The links of mails of one platform, by what they are good for, and its refresh tokens. */
export async function openMailTokens(auth: TestAuth, platform: Platform): Promise<Corner> {
  const isUser = platform === 'user';
  const of = isUser ? 'customers' : 'staff';
  const mails = accountOperations(() => auth, platform);
  const [refresh, logout] = isUser ? ['refresh', 'logout'] : ['portalRefresh', 'portalLogout'];
  const add = async (isVerified = true) => {
    const account = await (isUser ? addCustomer : addStaffMember)(auth.database, {
      tenantId: auth.tenants.demo,
    });
    const table = isUser ? 'auth.user' : 'auth.portal_user';
    await auth.database.query(`update ${table} set email_verified = $2 where id = $1`, [
      account.id,
      isVerified,
    ]);
    return { ...account, ...(await auth.signIn(isUser ? 'login' : 'portalLogin', account)) };
  };
  const changeEmail = async () => {
    const account = await add();
    const to = `changed-${account.email}`;
    const { accessToken: token } = account;
    expect(await mails.changeEmail({ newEmail: to }, { token })).toEqual({ data: true });
    return { ...account, confirm: await mails.tokenTo(to, 'email-change') };
  };
  const refreshing = await add();
  const verifying = await add(false);
  expect(await mails.requestVerification({ token: verifying.accessToken })).toEqual({ data: true });
  const resetting = await add();
  await mails.requestReset({ email: resetting.email });
  const [changing, changed] = [await changeEmail(), await changeEmail()];
  await mails.confirmEmail({ token: changed.confirm }, { token: changed.accessToken });

  const { verify, reset, confirmEmail, undoEmail } = accountFields[platform];
  const byLink = (name: string, use: (token: string) => Promise<Outcome>): Place => ({
    name,
    present: async (token) => (await use(token)).reason,
    refusal,
  });
  const byRefreshToken = (name: string, selection: string, type: string): Place => ({
    name,
    present: async (refreshToken) =>
      reasonOf(
        await auth.ask(`mutation ($input: ${type}) { ${name}(input: $input) ${selection} }`, {
          input: { refreshToken },
        }),
      ),
    refusal: /^auth\.failure\.invalid_credentials$/,
  });
  return {
    secrets: [
      { kind: `refresh token of ${of}`, text: refreshing.refreshToken, fits: [refresh, logout] as string[] },
      {
        kind: `verify_email of ${of}`,
        text: await mails.tokenTo(verifying.email, 'verify-email'),
        fits: [verify],
      },
      {
        kind: `reset_password of ${of}`,
        text: await mails.tokenTo(resetting.email, 'reset-password'),
        fits: [reset],
      },
      { kind: `confirm_email of ${of}`, text: changing.confirm, fits: [confirmEmail] },
      {
        kind: `undo_email of ${of}`,
        text: await mails.tokenTo(changed.email, 'email-change-notice'),
        fits: [undoEmail],
      },
    ],
    places: [
      byRefreshToken(refresh as string, '{ accessToken }', 'RefreshInput'),
      byRefreshToken(logout as string, '', 'LogoutInput'),
      byLink(verify, (token) => mails.verify({ token, password: testPassword })),
      byLink(reset, (token) => mails.reset({ token, newPassword })),
      byLink(confirmEmail, (token) => mails.confirmEmail({ token, password: testPassword })),
      byLink(undoEmail, (token) => mails.undoEmail({ token })),
    ],
  };
}
