import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Console } from './console.test-support.ts';

/** Staff, invitations, and the pages that links in mails lead to. */
export function testStaff(staff: Console): void {
  const newcomer = 'nora.newcomer@example.com';
  const password = 'a staple of seven horses';

  const openLink = async (link: string): Promise<Page> => {
    const page = await staff.context.newPage();
    await page.goto(link);
    return page;
  };
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const find = async (page: Page, email: string) => {
    await page.goto(new URL(`staff?search=${email}`, staff.base).href);
    await page.getByRole('table').getByRole('link').click();
    await page.getByText(email, { exact: true }).waitFor();
  };

  describe('staff', () => {
    test('are invited, join by the link, which stays in no address bar, and are led away again', async () => {
      const page = await staff.open('staff/invitations');
      await press(page, 'Invite…');
      await page.getByLabel('E-mail', { exact: true }).fill('admin@example.com');
      await page.getByLabel('Name', { exact: true }).fill('Nora Newcomer');
      await press(page, 'Invite');
      await page.getByText('This is the address of a member of staff.').waitFor();
      await page.getByLabel('E-mail', { exact: true }).fill(newcomer);
      await press(page, 'Invite');
      const row = page.getByRole('row', { name: newcomer });
      await row.getByText('Open', { exact: true }).waitFor();
      const first = await staff.findLink(newcomer, 'staff-invitation');
      expect(first).toMatch(`${staff.base}accept-invitation#token=`);
      await press(page, `Send again: ${newcomer}`);
      await press(page, 'Send again');
      const second = await staff.findLink(newcomer, 'staff-invitation', [first]);

      const other = await staff.browser.newContext({ locale: 'en' });
      const joining = await other.newPage();
      const urls: string[] = [];
      joining.on('request', (request) => urls.push(request.url(), request.headers().referer ?? ''));
      const join = async (link: string, chosen = password) => {
        await joining.goto(link);
        await joining.getByLabel('New password').fill(chosen);
        expect(joining.url()).toBe(`${staff.base}accept-invitation`);
        await press(joining, 'Join');
      };
      await join(first);
      await joining.getByRole('heading', { name: 'This link is not valid' }).waitFor();
      await join(second, staff.password);
      await joining.getByText('too common').waitFor();
      await joining.getByLabel('New password').fill(password);
      await press(joining, 'Join');
      await joining.getByRole('heading', { name: 'Dashboard' }).waitFor();
      expect(urls.filter((url) => url.includes('token'))).toEqual([]);
      await joining.reload();
      await joining.getByRole('link', { name: newcomer }).waitFor();
      await other.close();
      await page.reload();
      await row.getByText('Accepted', { exact: true }).waitFor();
      expect(await row.getByRole('button').count()).toBe(0);

      await find(page, newcomer);
      await press(page, 'Change the role…');
      await page.getByText('is signed out everywhere').waitFor();
      await page.getByLabel('New role').selectOption('operations');
      await press(page, 'Change the role');
      await page.getByRole('link', { name: 'Operations' }).waitFor();
      await press(page, 'Deactivate…');
      await page.getByLabel('Who takes over their customers').selectOption({ index: 1 });
      await press(page, 'Deactivate');
      await page.getByText('Deactivated', { exact: true }).waitFor();
      await press(page, 'Reactivate…');
      await press(page, 'Reactivate');
      await page.getByText('Active', { exact: true }).waitFor();
      await press(page, 'Reset second factors…');
      await page.getByLabel('Reason').fill('Ticket 4711');
      await press(page, 'Reset second factors');
      await page.getByText('The second factors are removed.').waitFor();
      await page.getByRole('link', { name: 'What was done about them' }).click();
      await page.getByText('auth.staff.deactivated').waitFor();
    });

    test('do nothing about themselves, and other roles see nobody', async () => {
      const page = await staff.open('staff');
      await page.getByRole('link', { name: 'Alex Admin' }).click();
      await page.getByText('This is your own account.').waitFor();
      expect(await page.getByRole('button', { name: '…' }).count()).toBe(0);
      const support = await (await staff.useContext({})).newPage();
      await support.goto(new URL('staff', staff.base).href);
      await staff.signIn(support, 'support@example.com');
      await support.getByText('Your role does not allow this.').waitFor();
      expect(await support.getByRole('link', { name: 'Staff', exact: true }).count()).toBe(0);
    });

    test('get a link for a lost password, and the same answer for an address without an account', async () => {
      const page = await staff.context.newPage();
      await page.goto(staff.base);
      await press(page, 'Forgot your password?');
      const answers: string[] = [];
      for (const email of ['nobody@example.com', newcomer]) {
        await page.getByLabel('E-mail', { exact: true }).fill(email);
        await press(page, 'Send the link');
        const status = page.getByText('a link is on its way');
        answers.push((await status.innerText()).replace(email, 'X'));
        await press(page, 'Back to the sign-in');
        await press(page, 'Forgot your password?');
      }
      expect(answers[0]).toBe(answers[1]);
      const link = await staff.findLink(newcomer, 'reset-password');
      const reset = await openLink(link);
      await reset.getByLabel('New password').fill(staff.password);
      await press(reset, 'Set the password');
      await reset.locator('input[aria-invalid]').waitFor();
      await reset.getByLabel('New password').fill(`${password}, and one more`);
      await press(reset, 'Set the password');
      await reset.getByText('The new password is set.').waitFor();
      const again = await openLink(link);
      await again.getByLabel('New password').fill(password);
      await press(again, 'Set the password');
      await again.getByRole('heading', { name: 'This link is not valid' }).waitFor();
      await again.reload();
      await again.getByRole('heading', { name: 'There is no link here' }).waitFor();
    });
  });

  test('links in mails are explained in German', async () => {
    const page = await (await staff.useContext({ locale: 'de-AT' })).newPage();
    await page.goto(new URL('undo-email#token=none', staff.base).href);
    await press(page, 'Die neue Adresse zurücknehmen');
    await page.getByRole('heading', { name: 'Dieser Link gilt nicht (mehr)' }).waitFor();
  });

  describe('roles', () => {
    test('show what a role may not do, from the rules', async () => {
      const page = await staff.open('roles?role=support&may=no', 'support@example.com');
      const row = page.getByRole('row').filter({ hasText: 'suspendCustomer' });
      await row.getByText('customers:write').waitFor();
      expect(await page.getByRole('row').filter({ hasText: 'endCustomerSessions' }).count()).toBe(0);
      await page.getByLabel('Search in names').fill('services:write field');
      await page.getByText('StaffMember.activeServiceAccounts').waitFor({ state: 'detached' });
      await page.getByLabel('Search in names').fill('services:write activeService');
      await page.getByText('StaffMember.activeServiceAccounts').waitFor();
      expect(page.url()).toContain('q=services');
    });

    test('are folded until somebody opens them, and keep what is open in the address', async () => {
      const page = await staff.open('roles', 'support@example.com');
      await page.getByRole('region', { name: 'portal' }).locator('summary').click();
      await page.getByText('suspendCustomer', { exact: true }).waitFor();
      await expect.poll(() => page.url()).toContain('open=portal');
      expect(await page.evaluate('document.documentElement.scrollHeight')).toBeLessThan(3000);
      // The heads stay while the table scrolls below them.
      const table = page.getByRole('region', { name: 'portal' });
      await table.locator('.scroll').focus();
      await page.keyboard.press('End');
      await expect.poll(() => page.evaluate('document.activeElement.scrollTop')).toBeGreaterThan(300);
      const [head, box] = await Promise.all([
        table.getByRole('columnheader', { name: 'Needs' }).boundingBox(),
        table.locator('.scroll').boundingBox(),
      ]);
      expect(head?.y).toBe(box?.y);
      await page.reload();
      await page.getByText('suspendCustomer', { exact: true }).waitFor();
      expect(await page.getByText('inviteStaff', { exact: true }).isVisible()).toBe(false);
      await page.getByRole('button', { name: 'staff:write' }).click();
      await page.getByText('inviteStaff', { exact: true }).waitFor();
      expect(await page.evaluate('document.activeElement.getAttribute("role")')).toBe('status');
    });
  });
}
