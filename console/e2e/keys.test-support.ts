import { describe, expect, test } from 'vitest';
import type { Console } from './console.test-support.ts';

/** The keys that sign tokens. The tests leave them as they were, but for a key that waited and never signed. */
export function testKeys(staff: Console): void {
  describe('signing keys', () => {
    test('are rotated and revoked after the page has said what that breaks', async () => {
      await staff.platform.signIn('user', 'ada@example.com');
      const page = await staff.open('keys');
      const customers = page.getByRole('region', { name: 'Tokens of customers' });
      const active = customers.getByRole('listitem').filter({ hasText: 'Signs' });
      const waiting = customers.getByRole('listitem').filter({ hasText: 'Waits' });
      const kid = await active.locator('code').innerText();
      await customers.getByRole('button', { name: 'Rotate…' }).click();
      await page.getByText('No session ends').waitFor();
      await page.keyboard.press('Escape');
      await customers.getByRole('button', { name: 'Rotate…' }).click();
      await page.getByText('not every verifier has it before').waitFor();
      await page.getByLabel('Reason').fill('A test of the console.');
      await page.getByRole('button', { name: 'Rotate', exact: true }).click();
      await customers.getByText('A rotation was asked for.').waitFor();
      expect(await active.locator('code').innerText()).toBe(kid);
      const rows = await staff.platform.home.database.query(
        `select details from auth.audit_event where kind = 'auth.key.rotation_requested' and details->>'kid' = $1`,
        [kid],
      );
      expect(rows).toEqual([{ details: { platform: 'user', kid, reason: 'A test of the console.' } }]);

      // It waits for minutes, or for a process that is down: a page that is left open meanwhile keeps no session alive.
      const left = await staff.context.newPage();
      await left.clock.install();
      await left.goto(new URL('keys', staff.base).href);
      await left.getByText('A rotation was asked for.').waitFor();
      const sent: string[] = [];
      left.on('request', (request) => sent.push(request.postData() ?? ''));
      await left.clock.runFor(20_000);
      await expect
        .poll(() => sent.filter((body) => body.includes('query SigningKeys')).length)
        .toBeGreaterThan(0);
      await left.clock.runFor(620_000);
      await left.getByText('A rotation was asked for.').waitFor();
      expect(sent.filter((body) => body.includes('Signet_refresh'))).toEqual([]);
      await left.close();

      await active.getByRole('button', { name: `Revoke key ${kid}` }).click();
      await page.getByText(/sessions? holds? a token of it/).waitFor();
      await page.getByText('though it has not been published').waitFor();
      await page.keyboard.press('Escape');

      const next = await waiting.locator('code').innerText();
      await waiting.getByRole('button', { name: /^Revoke key/ }).click();
      await page.getByText('nobody is concerned').waitFor();
      await page.getByLabel('Reason').fill('A test of the console.');
      await page.getByRole('button', { name: 'Revoke', exact: true }).click();
      await customers.getByText('A rotation was asked for.').waitFor({ state: 'detached' });
      await customers
        .getByRole('listitem')
        .filter({ hasText: next })
        .getByText('Revoked', { exact: true })
        .waitFor();
      expect(await active.locator('code').innerText()).toBe(kid);
    });

    test('are hidden from a role that may not administer them', async () => {
      const page = await staff.open('customers', 'support@example.com');
      await page.getByRole('link', { name: 'Customers' }).waitFor();
      expect(await page.getByRole('link', { name: 'Keys' }).count()).toBe(0);
      await page.goto(new URL('keys', staff.base).href);
      await page.getByText('Your role does not allow this.').waitFor();
    });
  });
}
