import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Console } from './console.test-support.ts';

type Screen = {
  path: string;
  /** Of the heading, where no person or thing gives it. */
  en?: string;
  de?: string;
  /** What opens more of it, which axe sees as well. */
  open?: (page: Page) => Promise<unknown>;
};

/** Sums what moved on a page without somebody's doing, as browsers report it. */
const watchShifts = `
  globalThis.shifts = 0;
  new PerformanceObserver((list) => {
    for (const { hadRecentInput, value } of list.getEntries()) if (!hadRecentInput) globalThis.shifts += value;
  }).observe({ type: 'layout-shift', buffered: true });`;

/** From each card that is not the lowest of its column to the next one below it, in pixels. */
const findGaps = `
  (() => {
    const boxes = [...document.querySelectorAll('.lanes .card')].map((card) => card.getBoundingClientRect());
    return boxes.flatMap((box) => {
      const below = boxes.filter(({ left, top }) => left === box.left && top > box.top);
      return below.length > 0 ? [Math.min(...below.map(({ top }) => top)) - box.bottom] : [];
    });
  })()`;

/** What holds for every screen. */
export function testScreens(staff: Console): void {
  const dialog = (button: RegExp) => async (page: Page) => {
    await page.getByRole('button', { name: button }).first().click();
    await page.getByRole('dialog').waitFor();
  };

  /** Each screen, those of one customer, member, account and refusal among them. */
  async function findScreens(locale: string): Promise<Screen[]> {
    const { platform } = staff;
    const token = await platform.signIn('portal', 'admin@example.com');
    const found = await platform.ask(
      '{ customers(first: 1, search: "ada@") { edges { node { id } } } assignableStaff(search: "support@") { id } }',
      { token },
    );
    const customer = found.body.data.customers.edges[0].node.id;
    const member = found.body.data.assignableStaff[0].id;
    const { body } = await platform.ask(
      `mutation {
        createServiceAccount(
          input: { side: PORTAL, name: "For every screen, ${locale}", scopes: ["customers:read"], reason: "A test of the console" }
        ) { id }
      }`,
      { token },
    );
    const refused = await fetch(new URL('/graphql', platform.urlOf('graph')), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await platform.signIn('user', 'ada@example.com')}`,
      },
      body: JSON.stringify({ query: '{ portalHealth }' }),
    });
    const requestId = String(refused.headers.get('x-request-id'));
    const find = async () => {
      const { body } = await platform.ask(`{ refusal(requestId: "${requestId}") { state } }`, { token });
      return body.data.refusal.state;
    };
    await expect.poll(find).toBe('RECORDED');
    return [
      {
        path: 'dashboard',
        en: 'Dashboard',
        de: 'Übersicht',
        open: (page) => page.locator('figure.chart summary').first().click(),
      },
      { path: 'customers', en: 'Customers', de: 'Kunden' },
      { path: `customers/${customer}`, open: dialog(/^(Suspend|Sperren)…/) },
      { path: 'impersonations', en: 'Acting as customers', de: 'Handeln als Kunde' },
      { path: 'staff', en: 'Staff', de: 'Personal' },
      { path: 'staff/invitations', en: 'Invitations', de: 'Einladungen' },
      { path: `staff/${member}` },
      { path: 'roles', en: 'Roles', de: 'Rollen' },
      {
        path: 'services',
        en: 'Services',
        de: 'Dienste',
        open: dialog(/^(New service account|Neues Dienstkonto)…/),
      },
      { path: `services/portal/${body.data.createServiceAccount.id}` },
      { path: 'keys', en: 'Signing keys', de: 'Signaturschlüssel', open: dialog(/^(Rotate|Wechseln)…/) },
      { path: 'refusals', en: 'Refusals', de: 'Ablehnungen' },
      { path: `refusals/${requestId}`, en: 'Refusals', de: 'Ablehnungen' },
      { path: 'audit', en: 'Audit log', de: 'Prüfprotokoll' },
      { path: 'account', en: 'Your account', de: 'Ihr Konto' },
      { path: 'accept-invitation#token=none', en: 'Join the staff', de: 'Dem Personal beitreten' },
      { path: 'reset-password#token=none', en: 'Choose a new password', de: 'Ein neues Passwort wählen' },
      { path: 'reset-password', en: 'There is no link here', de: 'Hier ist kein Link' },
    ];
  }

  describe('every screen', () => {
    test.each([
      { locale: 'en', colorScheme: 'light', width: 1280 },
      { locale: 'de-AT', colorScheme: 'dark', width: 360 },
    ] as const)(
      'moves nothing while it is loaded, is as wide as the window, and has no barrier that axe finds: $locale, $colorScheme, $width px',
      async ({ locale, colorScheme, width }) => {
        const screens = await findScreens(locale);
        const context = await staff.useContext({ locale, colorScheme, viewport: { width, height: 740 } });
        await context.addInitScript(watchShifts);
        const signIn = await context.newPage();
        await signIn.goto(staff.base);
        await signIn.locator('input[type=email]').fill('admin@example.com');
        await signIn.locator('input[type=password]').fill(staff.password);
        expect(await staff.findBarriers(signIn)).toEqual([]);
        await signIn.locator('button[type=submit]').click();
        await signIn.locator('#content h1').waitFor();
        await signIn.close();

        for (const { path, en, de, open } of screens) {
          // One of its own, since going from one fragment to another loads nothing.
          const page = await context.newPage();
          await page.goto(new URL(path, staff.base).href);
          const title = locale === 'en' ? en : de;
          await page.getByRole('heading', { level: 1, ...(title && { name: title }) }).waitFor();
          await page.waitForLoadState('networkidle');
          await expect.poll(() => page.locator('.skeleton:visible').count()).toBe(0);
          expect.soft(await page.evaluate('shifts'), path).toBeLessThan(0.02);
          expect.soft(await page.evaluate('document.documentElement.scrollWidth'), path).toBe(width);
          expect.soft(await staff.findBarriers(page), path).toEqual([]);
          if (open) {
            await open(page);
            expect.soft(await staff.findBarriers(page), `${path}, more of it`).toEqual([]);
          }
          expect(await page.locator('html').getAttribute('lang')).toBe(locale.slice(0, 2));
          await page.close();
        }
      },
    );

    test('of cards leaves no hole between them, whatever the width', async () => {
      const page = await staff.open('account');
      const token = await staff.platform.signIn('portal', 'admin@example.com');
      const { body } = await staff.platform.ask(
        '{ customers(first: 1, search: "ada@") { edges { node { id } } } }',
        { token },
      );
      for (const path of ['account', `customers/${body.data.customers.edges[0].node.id}`])
        for (const width of [360, 700, 900, 1280, 1900]) {
          await page.setViewportSize({ width, height: 800 });
          await page.goto(new URL(path, staff.base).href);
          await page.locator('.lanes').waitFor();
          await page.waitForLoadState('networkidle');
          const gaps = (await page.evaluate(findGaps)) as number[];
          expect(gaps.length, `${path} at ${width}`).toBeGreaterThan(0);
          expect(Math.max(...gaps), `${path} at ${width}`).toBeLessThan(20);
        }
    });

    test("writes dates as the browser's region does", async () => {
      const open = async (locale: string, path: string) => {
        const page = await (await staff.useContext({ locale })).newPage();
        await page.goto(new URL(path, staff.base).href);
        await page.locator('input[type=email]').fill('admin@example.com');
        await page.locator('input[type=password]').fill(staff.password);
        await page.locator('button[type=submit]').first().click();
        return page.locator('.table-body [data-label]').first().innerText();
      };
      expect(await open('en-GB', 'audit')).toMatch(/^\d{1,2} [A-Z][a-z]+ 20\d\d, \d\d:\d\d$/);
      expect(await open('en-US', 'audit')).toMatch(/^[A-Z][a-z]+ \d{1,2}, 20\d\d, \d{1,2}:\d\d\s[AP]M$/);
      expect(await open('de-DE', 'audit')).toMatch(/^\d\d\.\d\d\.20\d\d, \d\d:\d\d$/);
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
}
