import { describe, expect, test } from 'vitest';
import { testAccount } from './e2e/account.test-support.ts';
import { startConsole } from './e2e/console.test-support.ts';
import { testCustomers } from './e2e/customers.test-support.ts';
import { testDashboard } from './e2e/dashboard.test-support.ts';
import { testKeys } from './e2e/keys.test-support.ts';
import { testQuality } from './e2e/quality.test-support.ts';
import { testRefusals } from './e2e/refusals.test-support.ts';
import { testServices } from './e2e/services.test-support.ts';
import { testSigningIn } from './e2e/signing-in.test-support.ts';
import { testStaff } from './e2e/staff.test-support.ts';

// One platform for all screens: each has its tests in a file of `e2e/`.
const staff = startConsole();

testSigningIn(staff);
testDashboard(staff);
testCustomers(staff);
testStaff(staff);
testServices(staff);
testAccount(staff);
testKeys(staff);
testRefusals(staff);
testQuality(staff);

describe('every screen', () => {
  test.each(['light', 'dark'] as const)('has no barrier that axe finds: %s', async (colorScheme) => {
    const page = await (await staff.useContext({ colorScheme })).newPage();
    await page.goto(staff.base);
    await page.getByLabel('E-mail').waitFor();
    expect(await staff.findBarriers(page)).toEqual([]);
    await staff.signIn(page, 'admin@example.com');
    await page.locator('figure.chart').first().waitFor();
    expect(await staff.findBarriers(page)).toEqual([]);
    await page.getByRole('link', { name: 'Customers', exact: true }).click();
    await page.getByRole('table').waitFor();
    expect(await staff.findBarriers(page)).toEqual([]);
    await page.getByRole('link', { name: 'Ada Example' }).click();
    await page.getByRole('heading', { name: 'Notes' }).waitFor();
    expect(await staff.findBarriers(page)).toEqual([]);
    await page.getByRole('button', { name: 'Suspend…' }).click();
    expect(await staff.findBarriers(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Audit log', exact: true }).click();
    await page.getByRole('table').waitFor();
    expect(await staff.findBarriers(page)).toEqual([]);
  });

  test('speaks German', async () => {
    const page = await (await staff.useContext({ locale: 'de-AT' })).newPage();
    await page.goto(staff.base);
    await page.getByRole('button', { name: 'Anmelden', exact: true }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
  });

  test('is drawn at an address that somebody typed wrong', async () => {
    const page = await staff.open('audit?since=yesterday&until=x');
    await page.getByRole('table', { name: 'Audit log' }).waitFor();
  });

  test('shows what a customer typed as a text', async () => {
    const name = '<img src=x onerror="document.title=1">';
    const rename = (from: string, to: string) =>
      staff.platform.home.database.query('update auth."user" set full_name = $2 where full_name = $1', [
        from,
        to,
      ]);
    await rename('Ada Example', name);
    try {
      const page = await staff.open('customers?search=ada@');
      await page.getByRole('link', { name }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      expect(await page.locator('img').count()).toBe(0);
    } finally {
      await rename(name, 'Ada Example');
    }
  });

  test('sends only what its manifest of trusted documents lists', () => {
    expect([...staff.unlisted]).toEqual([]);
  });

  test('cannot be framed, and runs no inline script', async () => {
    const { headers } = await fetch(new URL('customers/x', staff.base));
    expect(headers.get('content-security-policy')).toContain(
      "frame-ancestors 'none'; script-src 'self'; style-src 'self'",
    );
  });
});
