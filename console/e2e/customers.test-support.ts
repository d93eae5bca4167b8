import { globSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Console } from './console.test-support.ts';

/** Customers: the list, one of them, and what is done about them. */
export function testCustomers(staff: Console): void {
  /** A list shows many names and states: what follows must look at the one customer's page. */
  async function openCustomer(name: RegExp, email?: string): Promise<Page> {
    const page = await staff.open('customers', email);
    await page.getByLabel('Search by address or name').fill(name.source);
    await page.getByRole('link', { name }).first().click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    return page;
  }
  const undo = (page: Page) => page.getByRole('button', { name: 'Undo' }).click();
  const state = (page: Page, text: string) =>
    page.locator('.title').getByText(text, { exact: true }).waitFor();

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
      const own = [
        'Actions',
        'Responsible',
        'Notes',
        'Sessions',
        'Known devices',
        'Second factors',
        'Acted as this customer',
      ];
      for (const name of own) await page.getByRole('heading', { name, exact: true }).waitFor();
      expect(await page.getByRole('heading', { level: 2 }).count()).toBe(own.length + panels.length);
    });

    test('are suspended after the page has said what that does, and taken back at once, or later', async () => {
      const page = await openCustomer(/Diego/);
      await page.getByRole('button', { name: 'Suspend…' }).click();
      await page.getByText('is signed out everywhere').waitFor();
      await page.keyboard.press('Escape');
      await state(page, 'Active');
      for (const takeBack of [
        () => undo(page),
        async () => {
          await page.getByRole('button', { name: 'Reinstate…' }).click();
          await page.getByRole('button', { name: 'Reinstate', exact: true }).click();
        },
      ]) {
        await page.getByRole('button', { name: 'Suspend…' }).click();
        await page.getByRole('button', { name: 'Suspend', exact: true }).click();
        await state(page, 'Suspended');
        await takeBack();
        await state(page, 'Active');
      }
    });

    test('are reinstated from another screen, which says whether that was done', async () => {
      const page = await openCustomer(/Diego/);
      const suspend = async () => {
        await page.getByRole('button', { name: 'Suspend…' }).click();
        await page.getByRole('button', { name: 'Suspend', exact: true }).click();
        await state(page, 'Suspended');
        await page.getByRole('link', { name: 'Roles', exact: true }).click();
        await page.getByRole('heading', { name: 'Roles', level: 1 }).waitFor();
      };
      await suspend();
      await staff.context.setOffline(true);
      await undo(page);
      await page.locator('.notices').getByText('No connection.').waitFor();
      await staff.context.setOffline(false);
      await page.goBack();
      await page.getByRole('button', { name: 'Reinstate…' }).click();
      await page.getByRole('button', { name: 'Reinstate', exact: true }).click();
      await state(page, 'Active');
      await suspend();
      await undo(page);
      await page.locator('.notices').getByText('can sign in again').waitFor();
    });

    test('are not suspended an hour later, when the network is there again, and a sign-out that fails says so', async () => {
      const page = await openCustomer(/Diego/);
      await page.getByRole('button', { name: 'Suspend…' }).click();
      await staff.context.setOffline(true);
      await page.getByText('You are offline.').waitFor();
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
      await page.getByText('You are offline.').waitFor({ state: 'detached' });
      await page.getByRole('link', { name: 'Customers' }).click();
      await page.getByRole('link', { name: /Diego/ }).click();
      await page.getByRole('heading', { level: 1, name: /Diego/ }).waitFor();
      await state(page, 'Active');
      expect(operations).toBe(0);
    });

    test('have somebody who is responsible, whose list they are on, and each change can be taken back', async () => {
      const page = await openCustomer(/Diego/, 'admin@example.com');
      const responsible = page.getByRole('region', { name: 'Responsible' });
      await responsible.getByRole('button', { name: 'Assign to…' }).click();
      await page.getByLabel('Search staff by name or address').fill('support@');
      await page.getByRole('button', { name: /support@example.com/ }).click();
      await page.getByText('is responsible now.').waitFor();
      const members = responsible.getByRole('listitem');
      await expect.poll(() => members.count()).toBe(1);
      const first = await members.locator('span').innerText();
      await responsible.getByRole('button', { name: 'Take over' }).click();
      await page.getByText('You are responsible now.').waitFor();
      await expect.poll(() => members.locator('span').innerText()).not.toBe(first);
      await page.goto(new URL('customers?mine=yes', staff.base).href);
      await expect.poll(() => page.getByRole('table').getByRole('link').allInnerTexts()).toHaveLength(1);
      await page.getByRole('link', { name: /Diego/ }).click();
      await responsible.getByRole('button', { name: /^Remove/ }).click();
      await page.getByText('Nobody in particular').waitFor();
      await undo(page);
      await expect.poll(() => members.count()).toBe(1);
      await responsible.getByRole('button', { name: /^Remove/ }).click();
      await page.getByText('Nobody in particular').waitFor();
    });

    test('are taken over by nobody else: who signs in meanwhile in another tab does the rest of it not', async () => {
      const page = await openCustomer(/Diego/);
      const id = page.url().split('/').at(-1);
      const responsible = page.getByRole('region', { name: 'Responsible' });
      await responsible.getByRole('button', { name: 'Assign to…' }).click();
      await page.getByLabel('Search staff by name or address').fill('support@');
      await page.getByRole('button', { name: /support@example.com/ }).click();
      await expect.poll(() => responsible.getByRole('listitem').count()).toBe(1);
      const sent: string[] = [];
      page.on('request', (request) => sent.push(request.postData() ?? ''));
      // The first of two mutations is done, and its answer comes when another member of staff has signed in.
      await page.route('**/graphql', async (route) => {
        if (!route.request().postData()?.includes('mutation AssignCustomer')) return route.fallback();
        const response = await route.fetch();
        const other = await staff.context.newPage();
        await other.goto(staff.base);
        await other.getByRole('button', { name: 'Sign out', exact: true }).click();
        await staff.signIn(other, 'support@example.com');
        await page.getByRole('link', { name: 'support@example.com' }).waitFor();
        await route.fulfill({ response }).catch(() => {});
      });
      await responsible.getByRole('button', { name: 'Take over' }).click();
      await page.getByText('may be done in part only').waitFor();
      expect(sent.filter((body) => body.includes('mutation UnassignCustomer'))).toEqual([]);
      await page.unrouteAll({ behavior: 'wait' });

      // The first one stands, and is taken back for what comes after this test.
      const token = await staff.platform.signIn('portal', 'admin@example.com');
      const ask = (operation: string) => staff.platform.ask(operation, { token, entrance: 'portal' });
      const { body } = await ask(`{ customer(id: "${id}") { assignees { id } } }`);
      expect(body.data.customer.assignees).toHaveLength(2);
      for (const { id: staffId } of body.data.customer.assignees) {
        const freed = await ask(
          `mutation { unassignCustomer(input: { customerId: "${id}", staffId: "${staffId}" }) { id } }`,
        );
        expect(freed.body.errors).toBeUndefined();
      }
    });

    test('are listed by state, and the address of the page says so', async () => {
      const page = await staff.open('customers');
      await page.getByLabel('State').selectOption('suspended');
      const states = () => page.getByRole('table').locator('.tag').allInnerTexts();
      await expect.poll(async () => new Set(await states())).toEqual(new Set(['Suspended']));
      await page.reload();
      await page.getByRole('table').waitFor();
      expect(new Set(await states())).toEqual(new Set(['Suspended']));
      expect(page.url()).toContain('state=suspended');
    });

    test('have notes, of which one’s own are deleted, and both are taken back', async () => {
      const page = await openCustomer(/Diego/);
      const note = page.locator('.list').getByText('Asked twice about a parcel.');
      await page.getByLabel('Add a note').fill('Asked twice about a parcel.');
      await page.getByRole('button', { name: 'Add a note' }).click();
      await note.waitFor();
      await undo(page);
      await note.waitFor({ state: 'detached' });
      await page.getByLabel('Add a note').fill('Asked twice about a parcel.');
      await page.getByRole('button', { name: 'Add a note' }).click();
      await note.waitFor();
      const own = page.getByRole('button', { name: /^Delete: Asked twice/ });
      await own.click();
      await note.waitFor({ state: 'detached' });
      await page.getByText('The note is deleted.').waitFor();
      await page.locator('.notice', { hasText: 'deleted' }).getByRole('button', { name: 'Undo' }).click();
      await note.waitFor();
      await own.click();
      await note.waitFor({ state: 'detached' });
      // Those of colleagues have no such button.
      expect(await page.getByRole('button', { name: /^Delete:/ }).count()).toBe(0);
    });

    test('lose one device without the others', async () => {
      const { platform } = staff;
      const tokens = await Promise.all(
        ['Device to lose', 'Device to keep'].map((name) =>
          platform.signIn('user', 'ada@example.com', { 'user-agent': name }),
        ),
      );
      const isRefused = async (token: string | undefined) =>
        (await platform.ask('{ me { id } }', { token })).body.errors !== undefined;
      const page = await openCustomer(/Ada Example/);
      const devices = page.getByRole('region', { name: 'Known devices' });
      await devices.getByText('Device to keep').waitFor();
      await devices.getByRole('button', { name: 'Forget: Device to lose' }).click();
      await page.getByText('asks for the second factor again').waitFor();
      await page.getByRole('button', { name: 'Forget', exact: true }).click();
      await devices.locator('.clip', { hasText: 'Device to lose' }).waitFor({ state: 'detached' });
      await expect.poll(() => isRefused(tokens[0])).toBe(true);
      expect(await isRefused(tokens[1])).toBe(false);
    });

    test('are acted as: the grant is in no address of the page and in no storage, a bar says how long, and its end is the end', async () => {
      const { platform } = staff;
      const page = await openCustomer(/Elif/);
      await page.getByRole('button', { name: 'Act as this customer…' }).click();
      await page.getByText('lets them object').waitFor();
      await page.getByLabel('Reason, for the audit log').fill('Cannot find an order');
      await page.getByLabel('Ticket').fill('T-4711');
      // What was typed is there after a session that ended meanwhile.
      await staff.endSessions('admin@example.com');
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByText('Your session was ended').waitFor();
      await staff.signIn(page, 'admin@example.com');
      expect(await page.getByLabel('Ticket').inputValue()).toBe('T-4711');
      await page.getByRole('button', { name: 'Continue' }).click();
      const link = page.getByRole('link', { name: 'Open the customers’ application' });
      const href = (await link.getAttribute('href')) ?? '';
      const grant = href.split('/act#grant=')[1];
      expect(grant).toMatch(/^[\w-]{43}$/);
      expect(await link.getAttribute('rel')).toBe('noopener noreferrer');
      const kept = await page.evaluate(
        'JSON.stringify([location.href, history.state, { ...sessionStorage }, { ...localStorage }])',
      );
      expect(kept).not.toContain(grant);
      const { body } = await platform.ask(
        'mutation ($grant: String!) { beginImpersonation(input: { grant: $grant }) { accessToken } }',
        { entrance: 'user', variables: { grant } },
      );
      const token = body.data.beginImpersonation.accessToken as string;
      await page.getByRole('button', { name: 'Close', exact: true }).click();
      const bar = page.getByRole('region', { name: 'Acting as customers' });
      await bar.getByText(/1[45]:\d\d left/).waitFor();
      expect(await page.locator(`[href*="${grant}"]`).count()).toBe(0);
      await page.getByRole('link', { name: 'Customers', exact: true }).click();
      await page.getByRole('link', { name: 'Acting as customers' }).click();
      await page.getByRole('table', { name: 'Acting as customers' }).getByText('T-4711').first().waitFor();
      await bar.getByRole('button', { name: /^End/ }).click();
      await bar.waitFor({ state: 'detached' });
      await expect
        .poll(async () => (await platform.ask('{ me { id } }', { entrance: 'user', token })).body.errors)
        .toBeDefined();
    });

    test('show to a role what it may, and nothing else', async () => {
      const page = await staff.open('customers', 'support@example.com');
      expect(await page.getByRole('link', { name: 'Acting as customers' }).count()).toBe(0);
      await page.getByRole('link', { name: 'Ada Example' }).click();
      await page.getByRole('heading', { name: 'Notes' }).waitFor();
      for (const name of ['Suspend…', 'Act as this customer…', 'Correct the address…', 'Assign to…'])
        expect(await page.getByRole('button', { name }).count(), name).toBe(0);
      expect(await page.getByRole('link', { name: 'Audit log' }).count()).toBe(0);
      for (const path of ['audit', 'impersonations']) {
        await page.goto(new URL(path, staff.base).href);
        await page.getByText('Your role does not allow this.').waitFor();
      }
    });
  });
}
