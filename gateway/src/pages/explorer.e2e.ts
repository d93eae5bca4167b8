import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { readStorage, watchPage } from './browser-watch.test-support.ts';
import { startChromium } from './chromium.test-support.ts';
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

it('opens an example with its variables, and keeps the header', { timeout: timeoutMs }, async () => {
  await page.goto(`${baseUrl}/explorer`);
  await page.locator('.monaco-editor').first().waitFor();
  await page.getByText('Support').click();
  await page.locator('.examples').selectOption({ label: 'Sign in' });
  await page.locator('.view-lines').getByText('mutation').first().waitFor();
  await page.locator('.view-lines').getByText('sample.portal').first().waitFor();
  await page.locator('.graphiql-tab-active').getByText('Login').waitFor();
  await page.locator('.graphiql-execute-button').click();
  await page.locator('.result-window').getByText('sample.user').waitFor();
  // GraphiQL saves half a second later.
  await page.waitForTimeout(1_000);
  expect(await readStorage(page)).toContain('mutation Login');
  expect(await readStorage(page)).not.toMatch(/sample\.|correct horse/);
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
