import { describe, expect, test } from 'vitest';
import { watchPage } from '../../gateway/src/pages/browser-watch.test-support.ts';
import type { Console } from './console.test-support.ts';

/** Signing in, and what happens to a screen when a session ends. */
export function testSigningIn(staff: Console): void {
  describe('signing in', () => {
    test('keeps a deep link over sign-in, and the session over a reload', async () => {
      const page = await staff.open('audit?kind=auth.login.success');
      const watch = watchPage(page, staff.base);
      await page.getByRole('heading', { name: 'Audit log' }).waitFor();
      await page.reload();
      await page.getByRole('table', { name: 'Audit log' }).waitFor();
      expect(page.url()).toContain('kind=auth.login.success');
      expect(await page.getByLabel('Kind of event').inputValue()).toBe('auth.login.success');
      const stored = await page.evaluate(
        'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
      );
      expect(stored).toBe('[{},{},""]');
      watch.assertClean();
    });

    test('says what is wrong, in one line', async () => {
      const page = await staff.context.newPage();
      await page.goto(staff.base);
      await page.getByLabel('E-mail', { exact: true }).fill('admin@example.com');
      await page.getByLabel('Password').fill('wrong');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await expect.poll(() => page.getByRole('alert').innerText()).toBe('E-mail or password is wrong.');
    });

    test('lies over the screen where the session was ended elsewhere, and keeps what was typed', async () => {
      const page = await staff.open('customers');
      await page.getByRole('link', { name: 'Ada Example' }).click();
      const note = page.getByLabel('Add a note');
      await note.fill('Called about the parcel.');
      await staff.endSessions('admin@example.com');
      await page.getByRole('button', { name: 'Add a note' }).click();
      await page.getByText('Your session was ended').waitFor();
      await staff.signIn(page, 'admin@example.com');
      expect(await note.inputValue()).toBe('Called about the parcel.');
      await page.getByRole('button', { name: 'Add a note' }).click();
      await page.locator('.list').getByText('Called about the parcel.').waitFor();
    });

    test('keeps the reason that was typed in a dialog as well', async () => {
      const page = await staff.open('customers?search=ada@');
      await page.getByRole('link', { name: 'Ada Example' }).click();
      await page.getByRole('button', { name: 'Send a password reset…' }).click();
      await page.getByLabel('Reason').fill('Ticket 4711');
      await staff.endSessions('admin@example.com');
      await page.getByRole('button', { name: 'Send a password reset', exact: true }).click();
      await page.getByText('Your session was ended').waitFor();
      await staff.signIn(page, 'admin@example.com');
      expect(await page.getByLabel('Reason').inputValue()).toBe('Ticket 4711');
    });

    test('shows nothing of what a role saw that the person no longer has', async () => {
      const page = await staff.open('audit');
      await page.getByRole('table').waitFor();
      const setRole = (role: string) =>
        staff.platform.home.database.query('update auth.portal_user set role = $2 where email = $1', [
          'admin@example.com',
          role,
        ]);
      await setRole('support');
      try {
        await staff.endSessions('admin@example.com');
        await page.getByLabel('Kind of event').fill('auth.');
        await page.getByText('Your session was ended').waitFor();
        await staff.signIn(page, 'admin@example.com');
        await page.getByText('Your role does not allow this.').waitFor();
        expect(await page.getByRole('table').count()).toBe(0);
      } finally {
        await setRole('super_admin');
      }
    });

    test('adds the passkey that a role needs, shows recovery codes until they are kept, and signs in by it', async () => {
      const page = await staff.context.newPage();
      const authenticator = await staff.context.newCDPSession(page);
      await authenticator.send('WebAuthn.enable', { enableUI: false });
      const { authenticatorId } = await authenticator.send('WebAuthn.addVirtualAuthenticator', {
        options: {
          protocol: 'ctap2',
          ctap2Version: 'ctap2_1',
          transport: 'internal',
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: true,
          automaticPresenceSimulation: true,
        },
      });
      await page.goto(staff.base);
      await staff.enterPassword(page, 'operations@example.com');
      await page.getByRole('button', { name: 'Add a passkey instead' }).click();
      const codes = page.getByRole('dialog', { name: 'Keep these recovery codes' }).getByRole('listitem');
      await expect.poll(() => codes.count()).toBe(10);
      for (let n = 0; n < 5; n += 1) await page.keyboard.press('Escape');
      await expect.poll(() => codes.first().isVisible()).toBe(true);
      await page.getByRole('button', { name: 'I have kept them' }).click();
      await expect.poll(() => codes.count()).toBe(0);

      // The form's autofill waits for the person, and the button works beside it.
      const presence = (enabled: boolean) =>
        authenticator.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
      await presence(false);
      const autofill = page.waitForResponse((response) =>
        String(response.request().postData()).includes('Signet_beginPasskeySignIn'),
      );
      await page.getByRole('button', { name: 'Sign out' }).click();
      await (await autofill).finished();
      await page.waitForTimeout(500);
      await presence(true);
      // On a busy machine the autofill reaches the authenticator now only, and signs in by itself.
      const first = page.getByRole('heading', { name: 'Dashboard', exact: true });
      await page.getByRole('button', { name: 'Sign in with a passkey' }).or(first).first().click();
      await page.getByRole('button', { name: 'Sign out' }).waitFor();
    });
  });
}
