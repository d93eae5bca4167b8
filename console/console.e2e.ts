import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { watchPage } from '../gateway/src/pages/browser-watch.test-support.ts';
import { startChromium } from '../gateway/src/pages/chromium.test-support.ts';
import { seedPassword, startTestPlatform, type TestPlatform } from '../launcher/src/platform.test-support.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let platform: TestPlatform;
let browser: Browser;
let base: string;
let context: BrowserContext;

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [`${import.meta.dirname}/build.ts`]);
  [platform, browser] = await Promise.all([startTestPlatform({ CONSOLE: 'yes' }), startChromium()]);
  base = new URL('/console/', platform.urlOf('portal')).href;
});
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en', viewport: { width: 1280, height: 800 } });
});
afterEach(() => context.close());

/** Opens a page of the console, and signs in where it asks for that. */
async function open(path: string, email = 'admin@example.com'): Promise<Page> {
  const page = await context.newPage();
  await page.goto(new URL(path, base).href);
  await signIn(page, email);
  return page;
}

async function signIn(page: Page, email: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(seedPassword);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** What axe finds wrong with a page: the rule, and where. */
async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { target: string[] }[] }[];
  };
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

describe('signing in', () => {
  test('keeps a deep link over sign-in, and the session over a reload', async () => {
    const page = await open('audit?kind=auth.login.success');
    const watch = watchPage(page, base);
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
    const page = await context.newPage();
    await page.goto(base);
    await page.getByLabel('E-mail').fill('admin@example.com');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect.poll(() => page.getByRole('alert').innerText()).toBe('E-mail or password is wrong.');
  });

  test('lies over the screen where the session was ended elsewhere, and keeps what was typed', async () => {
    const page = await open('customers');
    await page.getByRole('link', { name: 'Ada Example' }).click();
    const note = page.getByLabel('Add a note');
    await note.fill('Called about the parcel.');
    const elsewhere = await platform.signIn('portal', 'admin@example.com');
    await platform.ask('mutation { endOtherPortalSessions }', { token: elsewhere });
    await page.getByRole('button', { name: 'Add a note' }).click();
    await page.getByText('Your session was ended').waitFor();
    await signIn(page, 'admin@example.com');
    expect(await note.inputValue()).toBe('Called about the parcel.');
    await page.getByRole('button', { name: 'Add a note' }).click();
    await page.locator('.list').getByText('Called about the parcel.').waitFor();
  });
});

describe('customers', () => {
  test('are found by name, and one has its sessions, notes and a panel of each subgraph that adds one', async () => {
    const page = await open('customers');
    await page.getByLabel('Search by address or name').fill('lena');
    await expect.poll(() => page.getByRole('row').count()).toBeLessThan(10);
    await page.getByLabel('Search by address or name').fill('ada@');
    await page.getByRole('link', { name: 'Ada Example' }).click();
    const panels = globSync('subgraphs/*/console/customer-panel.tsx', { cwd: `${import.meta.dirname}/..` });
    for (const name of ['Actions', 'Sessions', 'Second factors', 'Notes']) {
      await page.getByRole('heading', { name, exact: true }).waitFor();
    }
    expect(await page.getByRole('heading', { level: 2 }).count()).toBe(4 + panels.length);
  });

  test('are suspended after the page has said what that does, and reinstated', async () => {
    const page = await open('customers?search=diego');
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

  test('show to a role what it may, and nothing else', async () => {
    const page = await open('customers', 'support@example.com');
    await page.getByRole('link', { name: 'Ada Example' }).click();
    await page.getByRole('heading', { name: 'Notes' }).waitFor();
    expect(await page.getByRole('button', { name: 'Suspend…' }).count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Audit log' }).count()).toBe(0);
    await page.goto(new URL('audit', base).href);
    await page.getByText('Your role does not allow this.').waitFor();
  });
});

describe('every screen', () => {
  test.each(['light', 'dark'] as const)('has no barrier that axe finds: %s', async (colorScheme) => {
    await context.close();
    context = await browser.newContext({ locale: 'en', colorScheme });
    const page = await context.newPage();
    await page.goto(base);
    await page.getByLabel('E-mail').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await signIn(page, 'admin@example.com');
    await page.getByRole('table').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole('link', { name: 'Ada Example' }).click();
    await page.getByRole('heading', { name: 'Notes' }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole('button', { name: 'Suspend…' }).click();
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Audit log', exact: true }).click();
    await page.getByRole('table').waitFor();
    expect(await findBarriers(page)).toEqual([]);
  });

  test('speaks German', async () => {
    await context.close();
    context = await browser.newContext({ locale: 'de-AT' });
    const page = await context.newPage();
    await page.goto(base);
    await page.getByRole('button', { name: 'Anmelden', exact: true }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
  });

  test('cannot be framed, and runs no inline script', async () => {
    const { headers } = await fetch(new URL('customers/x', base));
    expect(headers.get('content-security-policy')).toContain(
      "frame-ancestors 'none'; script-src 'self'; style-src 'self'",
    );
  });
});
