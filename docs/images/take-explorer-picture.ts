import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

// Takes explorer.png, the picture in the README, from a platform that runs:
//   npm start
//   npx node docs/images/take-explorer-picture.ts [http://localhost:4000]
// CHROMIUM_PATH names the browser. It signs in as the development customer by one click, opens the example across
// subgraphs and runs it.

const [baseUrl = 'http://localhost:4000'] = process.argv.slice(2);
const pictureFile = fileURLToPath(new URL('explorer.png', import.meta.url));
const account = 'ada@example.com';
const example = 'MyOrders';
const maxBytes = 200_000;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  headless: true,
  args: [
    // Chromium's own sandbox does not start for root; the only page is the platform's own.
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(new URL('/explorer', baseUrl).href);
  await page.locator('[data-editor="Operation"] .cm-content').waitFor();
  await page.locator(`[data-account][title="${account}"]`).click();
  await page.locator(`[data-account][title="${account}"][aria-pressed="true"]`).waitFor();
  const option = page.locator('.examples option', { hasText: example }).first();
  await page
    .locator('.examples')
    .selectOption(await option.evaluate((element) => (element as unknown as { value: string }).value));
  await page.getByRole('tab', { name: example }).waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.locator('[data-editor="Answer"] .cm-line', { hasText: '"data"' }).first().waitFor();
  // The schema's colours come a moment after the text.
  await page.waitForTimeout(1_500);
  const picture = await page.screenshot({ type: 'png' });
  if (picture.length > maxBytes)
    throw new Error(`The picture has ${picture.length} bytes, at most ${maxBytes}.`);
  await writeFile(pictureFile, picture);
  console.log(`${pictureFile}: ${picture.length} bytes`);
} finally {
  await browser.close();
}
