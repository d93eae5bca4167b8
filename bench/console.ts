import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { seedPassword } from '../db/src/seed/index.ts';
import { startChromium } from '../gateway/src/pages/chromium.test-support.ts';
import { percentile } from './support/measure.ts';
import { startPlatformProcess } from './support/start-platform-process.ts';

/*
 * What a member of staff waits for in the console: the first screen from nothing, and a list of 50 customers and one customer's page from
 * the click to the picture with the answer of the server. `npm run bench -- bench/console.ts`
 */
const limits = { 'first screen': 1000, 'list of 50 customers': 150 } as Record<string, number>;
const rounds = 30;

execFileSync(process.execPath, [join(import.meta.dirname, '../console/build.ts')], { stdio: 'inherit' });
const platform = await startPlatformProcess({}, { CONSOLE: 'yes' });
const browser = await startChromium();
const times = new Map<string, number[]>();
const note = (name: string, ms: number) => times.set(name, [...(times.get(name) ?? []), ms]);

/**
 * Clicks a link in the page itself, and waits there until `shows` is true and drawn: what Playwright adds is no part of it.
 *
 * @param shows an expression of the page
 */
const timeClick = (link: string, shows: string) => `new Promise((resolve, reject) => {
  const element = [...document.querySelectorAll('a')].find(({ textContent }) => textContent === ${JSON.stringify(link)});
  if (!element) return reject(new Error('no link ${link}'));
  const start = performance.now();
  const look = () => ${shows} ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start))) : setTimeout(look, 1);
  element.click();
  look();
})`;

try {
  const base = `http://localhost:${platform.portBase + 2}/console/`;
  for (let round = 0; round < 5; round += 1) {
    const context = await browser.newContext({ locale: 'en', viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.goto(base);
    await page.getByLabel('E-mail').waitFor();
    note('first screen', (await page.evaluate('performance.now()')) as number);
    await page.getByLabel('E-mail').fill('admin@example.com');
    await page.getByLabel('Password', { exact: true }).fill(seedPassword);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Audit log', exact: true }).click();
    await page.getByRole('table', { name: 'Audit log' }).waitFor();
    for (let n = 0; n < rounds / 5; n += 1) {
      // Older than this, what is kept is asked for again: a new page has nothing of it.
      await page.goto(`${base}audit`);
      await page.getByRole('table', { name: 'Audit log' }).waitFor();
      const rows = `document.querySelector('[role=table][aria-label=Customers] .table-foot, .table-foot')?.textContent === '50 shown' && document.querySelector('h1').textContent === 'Customers'`;
      note('list of 50 customers', (await page.evaluate(timeClick('Customers', rows))) as number);
      const page1 = `document.querySelectorAll('.columns .card').length > 5`;
      note("a customer's page", (await page.evaluate(timeClick('Ada Example', page1))) as number);
    }
    await context.close();
  }
  for (const [name, values] of times) {
    const [middle, late] = [percentile(values, 0.5), percentile(values, 0.95)];
    console.log(`${name}: p50 ${middle.toFixed(0)} ms, p95 ${late.toFixed(0)} ms, ${values.length} times`);
    const limit = limits[name];
    if (limit !== undefined && middle > limit) {
      console.log(`  slower than ${limit} ms`);
      process.exitCode = 1;
    }
  }
} finally {
  await browser.close();
  await platform.stop();
}
