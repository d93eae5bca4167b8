import { Secret, TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Console } from './console.test-support.ts';

/** One's own account. */
export function testAccount(staff: Console): void {
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

  describe("one's own account", () => {
    test('gets an authenticator app, another password and new recovery codes, and is signed out elsewhere', async () => {
      const email = 'maren.holt@example.com';
      const { database } = staff.platform.home;
      const [seeded] = await database.query('select password_hash from auth.portal_user where email = $1', [
        email,
      ]);
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
      await database.query(
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
      // No page takes the seed's password: it is a common one.
      await database.query('update auth.portal_user set password_hash = $2 where email = $1', [
        email,
        seeded?.password_hash,
      ]);
    });

    test.each(['light', 'dark'] as const)(
      'and staff, roles and services have no barrier that axe finds: %s',
      async (colorScheme) => {
        const page = await (
          await staff.useContext({ colorScheme, viewport: { width: 360, height: 740 } })
        ).newPage();
        await page.goto(new URL('reset-password', staff.base).href);
        await page.getByRole('heading', { name: 'There is no link here' }).waitFor();
        expect(await staff.findBarriers(page)).toEqual([]);
        await page.getByRole('link', { name: 'To the sign-in' }).click();
        await staff.signIn(page, 'admin@example.com');
        for (const [link, heading] of [
          ['Staff', 'Staff'],
          ['Invitations', 'Invitations'],
          ['Roles', 'Roles'],
          ['Services', 'Services'],
          ['admin@example.com', 'Second factors'],
        ] as const) {
          await page.getByRole('link', { name: link, exact: true }).click();
          await page.getByRole('heading', { name: heading, exact: true }).waitFor();
          await page.locator('.skeleton').waitFor({ state: 'detached' });
          expect(await staff.findBarriers(page)).toEqual([]);
          const width = await page.evaluate('document.documentElement.scrollWidth');
          expect(width).toBeLessThanOrEqual(360);
        }
        await page.getByRole('link', { name: 'Services', exact: true }).click();
        await press(page, 'New service account…');
        expect(await staff.findBarriers(page)).toEqual([]);
      },
    );
  });
}
