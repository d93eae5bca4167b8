import { generateKeyPairSync } from 'node:crypto';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Console } from './console.test-support.ts';

/** Service accounts and their credentials. */
export function testServices(staff: Console): void {
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  // A scope's name may have the word in it too.
  const reason = (page: Page) => page.getByRole('textbox', { name: /^Reason/ });
  const give = async (page: Page, button: string) => {
    await reason(page).fill('Ticket 4711');
    await press(page, button);
    await expect.poll(() => reason(page).count()).toBe(0);
  };

  describe('services', () => {
    test('are made, get a key and a secret, are used, and closed', async () => {
      const page = await staff.open('services');
      const sent: string[] = [];
      page.on('request', (request) => sent.push(request.postData() ?? ''));
      await press(page, 'New service account…');
      await page.getByLabel('Name', { exact: true }).fill('Report of the night');
      await page.getByLabel('customers:read').check();
      await page.getByLabel('Networks').fill('127.0.0.1');
      await reason(page).fill('Ticket 4711');
      // A session that ends meanwhile takes nothing of it.
      await staff.endSessions('admin@example.com');
      // Where the page has noticed the end by itself, the form is covered already, and there is nothing to press.
      const submit = page.getByRole('button', { name: 'New service account', exact: true });
      await submit.click({ timeout: 3000 }).catch(() => {});
      await page.getByText('Your session was ended').waitFor();
      await staff.signIn(page, 'admin@example.com');
      expect(await page.getByLabel('customers:read').isChecked()).toBe(true);
      await press(page, 'New service account');
      // What the server says stands at the field, and goes with it.
      await page.locator('textarea[aria-invalid]').waitFor();
      await page.getByLabel('Networks').fill('127.0.0.0/8\n::1/128');
      await give(page, 'New service account');
      await page.getByRole('heading', { name: 'Report of the night' }).waitFor();

      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const secretPart = String(privateKey.export({ format: 'jwk' }).d);
      await press(page, 'Add a key…');
      const key = page.getByLabel('Public key as a JWK');
      await key.fill(JSON.stringify(privateKey.export({ format: 'jwk' })));
      await page.getByText('Consider it leaked').waitFor();
      expect(await key.inputValue()).toBe('');
      await key.fill(JSON.stringify(publicKey.export({ format: 'jwk' })));
      await give(page, 'Add a key');
      expect(sent.filter((body) => body.includes(secretPart))).toEqual([]);
      expect(sent.filter((body) => body.includes('RegisterServiceKey'))).toHaveLength(1);
      await page.getByText('never used').waitFor();

      await press(page, 'Create a secret…');
      await give(page, 'Create a secret');
      const dialog = page.getByRole('dialog', { name: 'The secret' });
      const secret = await dialog.locator('code').innerText();
      await page.keyboard.press('Escape');
      await expect.poll(() => dialog.isVisible()).toBe(true);
      await press(page, 'I have kept it');
      await expect.poll(() => dialog.count()).toBe(0);
      expect(await page.content()).not.toContain(secret);

      const id = page.url().split('/').at(-1);
      const token = await fetch(new URL('/oauth/portal/token', staff.base), {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      });
      expect(token.status).toBe(200);
      await expect
        .poll(async () => {
          await page.reload();
          await page.getByText('never used').first().waitFor();
          return page.getByText('last used').count();
        })
        .toBe(1);

      await page.getByRole('button', { name: /^Revoke: Secret/ }).click();
      await page.getByText('It never comes back').waitFor();
      await give(page, 'Revoke');
      await page.getByText('Revoked', { exact: true }).waitFor();
      await press(page, 'Close for good…');
      await give(page, 'Close for good');
      await page.getByText('This account is closed.').waitFor();
      expect(await page.getByRole('button', { name: '…' }).count()).toBe(0);
    });

    test('have a secret that stays on the screen until it is kept, whatever becomes of the page', async () => {
      const { database } = staff.platform.home;
      const page = await staff.open('services');
      await press(page, 'New service account…');
      await page.getByLabel('Name', { exact: true }).fill('One with a secret');
      await page.getByLabel('customers:read').check();
      await give(page, 'New service account');
      await page.getByRole('heading', { name: 'One with a secret' }).waitFor();
      // The person goes back before the answer is there, and every query of that screen is refused.
      await page.route('**/graphql', async (route) => {
        const body = route.request().postData() ?? '';
        if (body.includes('mutation CreateServiceSecret')) {
          const response = await route.fetch();
          await page.evaluate('history.back()');
          await page.getByRole('heading', { name: 'One with a secret' }).waitFor({ state: 'detached' });
          return route.fulfill({ response });
        }
        const extensions = { code: 'FORBIDDEN', reason: 'authz.role.deny' };
        return route.fulfill({ json: { data: null, errors: [{ message: 'No.', extensions }] } });
      });
      await press(page, 'Create a secret…');
      await reason(page).fill('Ticket 4711');
      await press(page, 'Create a secret');
      const secret = page.getByRole('dialog', { name: 'The secret' }).locator('code');
      const text = await secret.innerText();
      expect(text.length).toBeGreaterThan(30);
      await page.getByText('Your role does not allow this.').first().waitFor();
      await page.unrouteAll({ behavior: 'wait' });

      const setRole = (role: string) =>
        database.query("update auth.portal_user set role = $1 where email = 'admin@example.com'", [role]);
      await setRole('support');
      try {
        await staff.endSessions('admin@example.com');
        await page.evaluate('history.forward()');
        await page.getByText('Your session was ended').waitFor();
        expect(await page.content()).not.toContain(text);
        await staff.enterPassword(page, 'admin@example.com');
        expect(await secret.innerText()).toBe(text);
        await press(page, 'I have kept it');
        await page.getByText('Your role does not allow this.').first().waitFor();
      } finally {
        await setRole('super_admin');
      }
    });

    test('leave nothing that was open about one to the next', async () => {
      const page = await staff.open('services');
      const make = async (name: string) => {
        await page.getByRole('link', { name: 'Services', exact: true }).click();
        await press(page, 'New service account…');
        await page.getByLabel('Name', { exact: true }).fill(name);
        await page.getByLabel('customers:read').check();
        await give(page, 'New service account');
        await page.getByRole('heading', { name }).waitFor();
      };
      await make('One to keep');
      await make('One to close');
      await press(page, 'Close for good…');
      await page.getByRole('dialog').waitFor();
      // As by a long press of the browser's button.
      await page.evaluate('history.go(-2)');
      await page.getByRole('heading', { name: 'One to keep' }).waitFor();
      expect(await page.getByRole('dialog').count()).toBe(0);
    });

    test('are not for other roles', async () => {
      const page = await staff.open('services', 'support@example.com');
      await page.getByText('Your role does not allow this.').waitFor();
      expect(await page.getByRole('link', { name: 'Services' }).count()).toBe(0);
      expect(await page.getByRole('button', { name: 'New service account…' }).count()).toBe(0);
    });
  });
}
