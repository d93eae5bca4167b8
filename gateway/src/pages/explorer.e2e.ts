import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { findBarriers } from './axe.test-support.ts';
import { readStorage, watchPage } from './browser-watch.test-support.ts';
import { startChromium } from './chromium.test-support.ts';
import { buildExplorer } from './explorer-build.test-support.ts';
import { createExplorerDriver } from './explorer-driver.test-support.ts';
import { walkExplorer } from './explorer-walk.test-support.ts';
import { createSampleServer } from './sample-graph.test-support.ts';

const timeoutMs = 180_000;
const patience = { timeout: 30_000 };
// For a person to look at: a folder for pictures.
const screenshots = process.env.SCREENSHOTS;

let server: FastifyInstance;
let baseUrl: string;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  await buildExplorer();
  browser = await startChromium();
  server = await createSampleServer();
  baseUrl = await server.listen({ port: 0, host: '127.0.0.1' });
}, timeoutMs);
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
});
afterEach(() => page.close());

it('explores: browses, completes, signs in by a click, runs, is refused, signs out; with no network', {
  timeout: timeoutMs,
}, async () => {
  await walkExplorer(page, baseUrl, {
    customer: 'ada@example.com',
    staff: 'support@example.com',
    ...(screenshots && { screenshots }),
  });
});

it('opens an example with its variables, and keeps neither those nor a token', {
  timeout: timeoutMs,
}, async () => {
  const explorer = createExplorerDriver(page, baseUrl);
  await explorer.open();
  await explorer.signIn('support@example.com');
  await page.locator('.examples').selectOption({ label: 'Sign in' });
  await page.getByRole('tab', { name: 'Login' }).waitFor();
  expect(await explorer.read('Variables')).toContain('correct horse');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.locator('[data-editor="Answer"]').getByText('sample.user').waitFor();
  // The same example again, after something else was typed.
  await explorer.run('{ __typename }');
  await page.locator('.examples').selectOption({ label: 'Sign in' });
  await page.getByRole('tab', { name: 'Login' }).waitFor();
  await expect.poll(() => explorer.read('Operation'), patience).toContain('mutation Login');
  expect(await readStorage(page)).toContain('mutation Login');
  expect(await readStorage(page)).not.toMatch(/sample\.|correct horse/);
});

it('runs the chosen one of several operations, formats, and says what is wrong with variables', {
  timeout: timeoutMs,
}, async () => {
  const explorer = createExplorerDriver(page, baseUrl);
  await explorer.open();
  await explorer.signIn('ada@example.com');
  await explorer.run('query One { me { id } } query Two { me { email } }');
  expect(await explorer.read('Answer')).toContain('"id"');
  await page.getByLabel('Operation to run').selectOption('Two');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect.poll(() => explorer.read('Answer'), patience).toContain('"email"');
  await page.getByRole('button', { name: 'Format' }).click();
  await expect.poll(() => explorer.read('Operation'), patience).toContain('query One {\n  me {\n    id');
  await page.getByRole('textbox', { name: 'Variables' }).click();
  await page.keyboard.insertText('[1');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect.poll(() => explorer.reasons(), patience).toEqual(['The variables are not a JSON object.']);
});

it.each(['light', 'dark'] as const)(
  'has no barrier that axe finds: %s',
  {
    timeout: timeoutMs,
  },
  async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    const explorer = createExplorerDriver(page, baseUrl);
    await explorer.open();
    await explorer.readDocumentation();
    await explorer.run('{ me { email } }');
    expect(await findBarriers(page)).toEqual([]);
    if (screenshots) await page.screenshot({ path: join(screenshots, `explorer-${colorScheme}.png`) });
  },
);

it('shows whose token a reload brings, where another page of this host has signed in somebody else', {
  timeout: timeoutMs,
}, async () => {
  const explorer = createExplorerDriver(page, baseUrl);
  await explorer.open();
  await explorer.signIn('support@example.com');
  const payload = Buffer.from(JSON.stringify({ email: 'admin@example.com' })).toString('base64url');
  await page.route('**/graphql', async (route) => {
    if (!route.request().postData()?.includes('portalRefresh')) return route.fallback();
    return route.fulfill({
      json: { data: { session: { accessToken: `x.${payload}.x`, expiresIn: 900 } } },
    });
  });
  await page.reload();
  await explorer.waitForAccount('admin@example.com');
});

it('tells why a sign-in failed', { timeout: timeoutMs }, async () => {
  await page.route('**/graphql', (route) =>
    route.fulfill({ json: { errors: [{ message: 'The credentials are not valid.' }] } }),
  );
  await page.goto(`${baseUrl}/explorer`);
  await page.getByText('Ada').click();
  await expect
    .poll(() => page.locator('.status').innerText(), patience)
    .toBe('Not signed in: The credentials are not valid.');
});

it('watches for other origins in earnest', { timeout: timeoutMs }, async () => {
  const watch = watchPage(page, baseUrl);
  await page.goto(`${baseUrl}/`);
  await expect
    .poll(() => page.locator('[data-sandbox-state]').innerText(), patience)
    .not.toBe('Loading Apollo Sandbox…');
  expect(() => watch.assertClean()).toThrow(/asked another origin/);
});
