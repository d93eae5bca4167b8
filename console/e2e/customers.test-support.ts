import { globSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Console } from './console.test-support.ts';

/** Customers: the list, one of them, and what is done about them. */
export function testCustomers(staff: Console): void {
  describe('customers', () => {
    test('are found by name, and one has its sessions, notes and a panel of each subgraph that adds one', async () => {
      const page = await staff.open('customers');
      await page.getByLabel('Search by address or name').fill('lena');
      await expect.poll(() => page.getByRole('row').count()).toBeLessThan(10);
      await page.getByLabel('Search by address or name').fill('ada@');
      await page.getByRole('link', { name: 'Ada Example' }).click();
      const panels = globSync('subgraphs/*/console/customer-panel.tsx', {
        cwd: `${import.meta.dirname}/../..`,
      });
      for (const name of ['Actions', 'Sessions', 'Second factors', 'Notes']) {
        await page.getByRole('heading', { name, exact: true }).waitFor();
      }
      expect(await page.getByRole('heading', { level: 2 }).count()).toBe(4 + panels.length);
    });

    test('are suspended after the page has said what that does, and reinstated', async () => {
      const page = await staff.open('customers?search=diego');
      await page.getByRole('link', { name: /Diego/ }).click();
      await page.getByRole('button', { name: 'Suspend…' }).click();
      await page.getByText('is signed out everywhere').waitFor();
      await page.keyboard.press('Escape');
      await page.getByText('Active', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Suspend…' }).click();
      await page.getByRole('button', { name: 'Suspend', exact: true }).click();
      await page.getByText('Suspended', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Reinstate…' }).click();
      await page.getByRole('button', { name: 'Reinstate', exact: true }).click();
      await page.getByText('Active', { exact: true }).waitFor();
    });

    test('are not suspended an hour later, when the network is there again, and a sign-out that fails says so', async () => {
      const page = await staff.open('customers?search=diego');
      await page.getByRole('link', { name: /Diego/ }).click();
      await page.getByRole('button', { name: 'Suspend…' }).click();
      await staff.context.setOffline(true);
      await page.getByRole('button', { name: 'Suspend', exact: true }).click();
      await page.getByText('No connection.').waitFor();
      await page.getByRole('button', { name: 'Cancel' }).click();
      let operations = 0;
      page.on('request', (request) => {
        if (request.postData()?.includes('suspendCustomer')) operations += 1;
      });
      await page.getByText('No connection.').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('No connection.').waitFor();
      await staff.context.setOffline(false);
      await page.getByRole('link', { name: 'Customers' }).click();
      await page.getByRole('link', { name: /Diego/ }).click();
      await page.getByText('Active', { exact: true }).waitFor();
      expect(operations).toBe(0);
    });

    test('show to a role what it may, and nothing else', async () => {
      const page = await staff.open('customers', 'support@example.com');
      await page.getByRole('link', { name: 'Ada Example' }).click();
      await page.getByRole('heading', { name: 'Notes' }).waitFor();
      expect(await page.getByRole('button', { name: 'Suspend…' }).count()).toBe(0);
      expect(await page.getByRole('link', { name: 'Audit log' }).count()).toBe(0);
      await page.goto(new URL('audit', staff.base).href);
      await page.getByText('Your role does not allow this.').waitFor();
    });
  });
}
