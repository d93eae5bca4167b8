// How long from the navigation to the console until its first screen is drawn with its figures, and how much it loads?
// npm run bench -- bench/console-first-screen.ts [rounds]
//
// The whole platform in a process of its own, Chromium without its cache. A member of staff is signed in already, by the cookie.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { seedPassword } from '@signet/db/seed';
import { startChromium } from '../gateway/src/pages/chromium.test-support.ts';
import { percentile } from './support/measure.ts';
import { startPlatformProcess } from './support/start-platform-process.ts';

const [rounds = 20] = process.argv.slice(2).map(Number);
const allowed = { ms: 1000, kilobytes: 200 };
const dist = join(import.meta.dirname, '../console/dist');

const platform = await startPlatformProcess({}, { CONSOLE: 'yes', STAFF_MFA: 'optional', LOG_LEVEL: 'warn' });
const browser = await startChromium();
try {
  const context = await browser.newContext();
  const page = await context.newPage();
  const address = `http://127.0.0.1:${platform.portBase + 2}/console/`;
  await page.goto(address);
  await page.getByLabel('E-mail').fill('admin@example.com');
  await page.getByLabel('Password').fill(seedPassword);
  await page.keyboard.press('Enter');
  const figures = page.locator('figure.chart').nth(5);
  await figures.waitFor();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });

  const times: number[] = [];
  const loaded = new Set<string>();
  page.on('response', (response) => void loaded.add(new URL(response.url()).pathname));
  for (let round = 0; round < rounds; round += 1) {
    await page.goto('about:blank');
    const begin = performance.now();
    await page.goto(address);
    await figures.waitFor();
    times.push(performance.now() - begin);
  }
  const files = globSync('assets/*.{js,css}', { cwd: dist }).filter((file) => loaded.has(`/console/${file}`));
  const sizeOf = (file: string) => gzipSync(readFileSync(join(dist, file))).length / 1000;
  const scripts = files.filter((file) => file.endsWith('.js')).reduce((sum, file) => sum + sizeOf(file), 0);
  console.log(
    `first screen: p50 ${percentile(times, 0.5).toFixed(0)} ms, p99 ${percentile(times, 0.99).toFixed(0)} ms`,
  );
  console.log(`script: ${scripts.toFixed(0)} KB gzip, in ${files.length} files with the style`);
  if (percentile(times, 0.5) > allowed.ms || scripts > allowed.kilobytes) process.exitCode = 1;
} finally {
  await browser.close();
  await platform.stop();
}
