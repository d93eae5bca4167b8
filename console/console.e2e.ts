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
  [platform, browser] = await Promise.all([
    startTestPlatform({ CONSOLE: 'yes', STAFF_MFA: 'operations' }),
    startChromium(),
  ]);
  base = new URL('/console/', platform.urlOf('portal')).href;
});
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en', viewport: { width: 1280, height: 800 } });
  watchDocuments(context);
});
afterEach(() => context.close());

/** What pages have asked, and no manifest lists. */
const unlisted = new Set<string>();

function watchDocuments(of: BrowserContext): void {
  const { operations } = JSON.parse(
    readFileSync(`${import.meta.dirname}/dist/trusted-documents.json`, 'utf8'),
  ) as { operations: { body: string }[] };
  of.on('request', (request) => {
    const sent = request.postData();
    const query = sent && JSON.parse(sent).query;
    if (query && !operations.some(({ body }) => body === query)) unlisted.add(query);
  });
}

/** Opens a page of the console, and signs in where it asks for that. */
async function open(path: string, email = 'admin@example.com'): Promise<Page> {
  const page = await context.newPage();
  await page.goto(new URL(path, base).href);
  await signIn(page, email);
  return page;
}

async function signIn(page: Page, email: string): Promise<void> {
  await enterPassword(page, email);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

async function enterPassword(page: Page, email: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(seedPassword);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** As somebody does from another device, or an administrator. */
async function endSessions(email: string): Promise<void> {
  const elsewhere = await platform.signIn('portal', email);
  await platform.ask('mutation { endOtherPortalSessions }', { token: elsewhere });
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
    await endSessions('admin@example.com');
    await page.getByRole('button', { name: 'Add a note' }).click();
    await page.getByText('Your session was ended').waitFor();
    await signIn(page, 'admin@example.com');
    expect(await note.inputValue()).toBe('Called about the parcel.');
    await page.getByRole('button', { name: 'Add a note' }).click();
    await page.locator('.list').getByText('Called about the parcel.').waitFor();
  });

  test('keeps the reason that was typed in a dialog as well', async () => {
    const page = await open('customers?search=ada@');
    await page.getByRole('link', { name: 'Ada Example' }).click();
    await page.getByRole('button', { name: 'Send a password reset…' }).click();
    await page.getByLabel('Reason').fill('Ticket 4711');
    await endSessions('admin@example.com');
    await page.getByRole('button', { name: 'Send a password reset', exact: true }).click();
    await page.getByText('Your session was ended').waitFor();
    await signIn(page, 'admin@example.com');
    expect(await page.getByLabel('Reason').inputValue()).toBe('Ticket 4711');
  });

  test('shows nothing of what a role saw that the person no longer has', async () => {
    const page = await open('audit');
    await page.getByRole('table').waitFor();
    const setRole = (role: string) =>
      platform.home.database.query('update auth.portal_user set role = $2 where email = $1', [
        'admin@example.com',
        role,
      ]);
    await setRole('support');
    try {
      await endSessions('admin@example.com');
      await page.getByLabel('Kind of event').fill('auth.');
      await page.getByText('Your session was ended').waitFor();
      await signIn(page, 'admin@example.com');
      await page.getByText('Your role does not allow this.').waitFor();
      expect(await page.getByRole('table').count()).toBe(0);
    } finally {
      await setRole('super_admin');
    }
  });

  test('adds the passkey that a role needs, shows recovery codes until they are kept, and signs in by it', async () => {
    const page = await context.newPage();
    const authenticator = await context.newCDPSession(page);
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
    await page.goto(base);
    await enterPassword(page, 'operations@example.com');
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
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
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

  test('are not suspended an hour later, when the network is there again, and a sign-out that fails says so', async () => {
    const page = await open('customers?search=diego');
    await page.getByRole('link', { name: /Diego/ }).click();
    await page.getByRole('button', { name: 'Suspend…' }).click();
    await context.setOffline(true);
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
    await context.setOffline(false);
    await page.getByRole('link', { name: 'Customers' }).click();
    await page.getByRole('link', { name: /Diego/ }).click();
    await page.getByText('Active', { exact: true }).waitFor();
    expect(operations).toBe(0);
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

  test('is drawn at an address that somebody typed wrong', async () => {
    const page = await open('audit?since=yesterday&until=x');
    await page.getByRole('table', { name: 'Audit log' }).waitFor();
  });

  test('shows what a customer typed as a text', async () => {
    const name = '<img src=x onerror="document.title=1">';
    const rename = (from: string, to: string) =>
      platform.home.database.query('update auth."user" set full_name = $2 where full_name = $1', [from, to]);
    await rename('Ada Example', name);
    try {
      const page = await open('customers?search=ada@');
      await page.getByRole('link', { name }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      expect(await page.locator('img').count()).toBe(0);
    } finally {
      await rename(name, 'Ada Example');
    }
  });

  test('sends only what its manifest of trusted documents lists', () => {
    expect([...unlisted]).toEqual([]);
  });

  test('cannot be framed, and runs no inline script', async () => {
    const { headers } = await fetch(new URL('customers/x', base));
    expect(headers.get('content-security-policy')).toContain(
      "frame-ancestors 'none'; script-src 'self'; style-src 'self'",
    );
  });
});
