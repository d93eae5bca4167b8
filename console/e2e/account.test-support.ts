import { Secret, TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Console } from './console.test-support.ts';

/** One's own account. */
export function testAccount(staff: Console): void {
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

  const email = 'maren.holt@example.com';

  /** Gives the account the seed's password again. No page takes it: it is a common one. */
  async function keepPassword(): Promise<() => Promise<unknown>> {
    const { database } = staff.platform.home;
    const [seeded] = await database.query(
      'select id, password_hash, pepper_id from auth.portal_user where email = $1',
      [email],
    );
    return () =>
      database.query('update auth.portal_user set password_hash = $2, pepper_id = $3 where id = $1', [
        seeded?.id,
        seeded?.password_hash,
        seeded?.pepper_id,
      ]);
  }

  describe("one's own account", () => {
    test('gets an authenticator app, another password and new recovery codes, and is signed out elsewhere', async () => {
      const restorePassword = await keepPassword();
      await staff.platform.signIn('portal', email);
      const page = await staff.open('customers', email);
      await page.getByRole('link', { name: email }).click();
      await page.getByRole('button', { name: /^Sign out there: / }).waitFor();
      await press(page, 'Sign out everywhere else…');
      await press(page, 'Sign out everywhere else');
      await page.getByText('You are signed in here only.').waitFor();

      await press(page, 'Add an authenticator app…');
      const secret = await page.getByRole('dialog').locator('code').innerText();
      const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate();
      await page.getByLabel('The code that it shows').fill('000000');
      await press(page, 'Confirm');
      await page.locator('dialog .field-error').waitFor();
      await page.getByLabel('The code that it shows').fill(code);
      await press(page, 'Confirm');
      const codes = page.getByRole('dialog', { name: 'Keep these recovery codes' }).getByRole('listitem');
      await expect.poll(() => codes.count()).toBe(10);
      const [recoveryCode = ''] = await codes.allInnerTexts();
      await press(page, 'I have kept them');
      await page.getByText('10 codes are left.').waitFor();

      // An hour after the sign-in the dialog for a recent one comes by itself, and the act goes on.
      await staff.platform.home.database.query(
        `update auth.portal_session set auth_time = auth_time - interval '1 hour'
         where staff_id = (select id from auth.portal_user where email = $1)`,
        [email],
      );
      await page.reload();
      await press(page, 'Make new codes…');
      await press(page, 'Make new codes');
      const proof = page.getByRole('dialog', { name: 'Confirm that it is you' });
      await proof.getByLabel('Password').fill(staff.password);
      await proof.getByRole('button', { name: 'Confirm' }).click();
      await proof.getByRole('button', { name: 'Use a recovery code instead' }).click();
      await proof.getByLabel('Recovery code').fill(recoveryCode);
      await proof.getByRole('button', { name: 'Confirm' }).click();
      await expect.poll(() => codes.count()).toBe(10);
      await press(page, 'I have kept them');

      await page.getByLabel('Current password').fill('wrong');
      await page.getByLabel('New password').fill('a staple of seven horses');
      await press(page, 'Change the password');
      await page.locator('#content .field-error').getByText(/./).waitFor();
      await page.getByLabel('Current password').fill(staff.password);
      await press(page, 'Change the password');
      await page.getByText('The password is changed.').waitFor();
      expect(await page.getByLabel('Current password').inputValue()).toBe('');

      await press(page, 'Remove the authenticator app…');
      await press(page, 'Remove the authenticator app');
      await page.getByText('No authenticator app.').waitFor();
      await restorePassword();
    });

    test('gets another address by a link, which alone is not enough, and its earlier one back by another', async () => {
      const restorePassword = await keepPassword();
      const newEmail = 'maren.new@example.com';
      const page = await staff.open('account', email);
      await press(page, 'Change the address…');
      await page.getByLabel('New address').fill(newEmail);
      await press(page, 'Change the address');
      await page.getByText(`A mail is on its way to ${newEmail}.`).waitFor();
      const link = await staff.findLink(newEmail, 'email-change');
      const elsewhere = await staff.browser.newContext({ locale: 'en' });
      const stranger = await elsewhere.newPage();
      await stranger.goto(link);
      await press(stranger, 'Confirm your new address');
      await stranger.getByText('You are not signed in in this browser').waitFor();
      await elsewhere.close();
      const here = await staff.context.newPage();
      await here.goto(link);
      await press(here, 'Confirm your new address');
      await here.getByText('Your new address counts from now on.').waitFor();
      await here.getByRole('link', { name: 'To the console' }).click();
      await here.getByRole('link', { name: newEmail }).waitFor();
      await here.goto(await staff.findLink(email, 'email-change-notice'));
      await press(here, 'Take the new address back');
      await here.getByText('Your earlier address counts again.').waitFor();
      await here.getByRole('link', { name: 'To the sign-in' }).click();
      await here.getByText('Your session was ended').waitFor();
      await restorePassword();
      await staff.signIn(here, email);
    });
  });
}
