import { globSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Console } from './console.test-support.ts';

const audited = (staff: Console, values: string) =>
  staff.platform.home.database.query(
    `insert into auth.audit_event (tenant_id, kind, platform, details)
     select id, v.* from auth.tenant, (values ${values}) v (kind, platform, details) where slug = 'demo'`,
  );

const charts = (page: Page) => page.locator('figure.chart');
const asked = (page: Page, operation: string) => {
  let count = 0;
  page.on('request', (request) => {
    if (new RegExp(operation).test(request.postData() ?? '')) count += 1;
  });
  return () => count;
};

/** The dashboard: counts and charts, live. */
export function testDashboard(staff: Console): void {
  describe('dashboard', () => {
    test('is the first screen, has a chart of each kind and a panel of each subgraph that adds one', async () => {
      const page = await staff.open('', 'support@example.com');
      await page.getByRole('heading', { name: 'Dashboard', level: 1 }).waitFor();
      const panels = globSync('subgraphs/*/console/dashboard-panel.tsx', {
        cwd: `${import.meta.dirname}/../..`,
      });
      await expect.poll(() => charts(page).count()).toBe(6 + panels.length);
      // The focus moved to the content, and the header stayed in view.
      expect(await page.evaluate('[document.activeElement.id, scrollY]')).toEqual(['content', 0]);
      // A role that may not read the audit log gets figures, and no links to it.
      await page.getByText('As a table').nth(2).click();
      expect(await page.locator('figure a').count()).toBe(0);
    });

    test('counts what happens at once, keeps the time that it shows in the address, and leads to the events', async () => {
      const page = await staff.open('dashboard');
      const signIns = page.getByRole('region', { name: 'Sign-ins of staff', exact: true });
      const read = async () =>
        Number(/Signed in: ([\d,]+)/.exec(await signIns.innerText())?.[1]?.replace(',', ''));
      await signIns.getByRole('figure').waitFor();
      const before = await read();
      await page.getByRole('button', { name: '1 hour' }).click();
      await expect.poll(() => page.url()).toContain('range=hour');
      await staff.platform.signIn('portal', 'support@example.com');
      await page.reload();
      await expect.poll(read).toBeGreaterThan(0);
      expect(await page.getByRole('button', { name: '1 hour' }).getAttribute('aria-pressed')).toBe('true');
      await page.getByRole('button', { name: '24 hours' }).click();
      await expect.poll(read).toBeGreaterThan(before);
      await signIns.getByText('As a table').click();
      await signIns.getByRole('cell').getByRole('link').last().click();
      await page.getByRole('table', { name: 'Audit log' }).waitFor();
      expect(await page.getByLabel('Kind of event').inputValue()).toMatch(/^auth\./);
      expect(await page.getByLabel('From').inputValue()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:00$/);
      expect(await page.getByText('No events match.').count()).toBe(0);
    });

    test('asks again by itself while it is in view; once nobody is here, it stops and renews nothing', async () => {
      const page = await staff.context.newPage();
      await page.clock.install();
      await page.goto(new URL('dashboard', staff.base).href);
      await staff.signIn(page, 'support@example.com');
      await charts(page).first().waitFor();
      const questions = asked(page, 'query Dashboard\\(');
      const renewals = asked(page, 'mutation Signet_refresh');
      await audited(
        staff,
        `('authz.refused', 'user', '{"reason": "authz.scope.deny", "count": 1234}'::jsonb)`,
      );
      await page.clock.runFor(11_000);
      await page.locator('.legend').getByText('authz.scope.deny: 1,23').waitFor();
      expect(questions()).toBeGreaterThan(0);
      // Staff's access token lives for ten minutes.
      await page.clock.runFor(620_000);
      await page.getByText('Paused, since nobody was here.').waitFor();
      const before = questions();
      await page.clock.runFor(60_000);
      expect(questions()).toBe(before);
      expect(renewals()).toBe(0);
      await page.mouse.move(200, 200);
      await page.getByText('Live', { exact: true }).waitFor();
      expect(renewals()).toBe(1);
      expect(questions()).toBe(before + 1);
    });

    test('counts requests without a token beside the chart of refusals, and leads to them', async () => {
      await audited(
        staff,
        `('authz.refused', 'user', '{"reason": "auth.failure.missing_token", "count": 98765}'::jsonb)`,
      );
      const page = await staff.open('dashboard', 'support@example.com');
      await page.locator('figure.chart').first().waitFor();
      expect(await page.locator('.legend').getByText('missing_token').count()).toBe(0);
      await page.getByRole('link', { name: /without a sign-in: (98|99|1\d\d),\d{3}/ }).click();
      await page.getByRole('heading', { name: 'Refusals', level: 1 }).waitFor();
      expect(page.url()).toContain('reason=auth.failure.missing_token');
    });

    test('shows that the session was ended elsewhere, though nobody touches it', async () => {
      const page = await staff.context.newPage();
      await page.clock.install();
      await page.goto(new URL('dashboard', staff.base).href);
      await staff.signIn(page, 'support@example.com');
      await charts(page).first().waitFor();
      await staff.endSessions('support@example.com');
      await page.clock.runFor(11_000);
      await page.getByText('Your session was ended').waitFor();
    });
  });
}
