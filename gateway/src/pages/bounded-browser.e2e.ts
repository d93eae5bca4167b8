import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startChromium } from './chromium.test-support.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
});
afterEach(() => vi.useRealTimers());
afterAll(() => browser?.close());

test('a wait that Playwright does not limit fails at the call that waits, in each page', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const opened = context.waitForEvent('page');
  await page.evaluate('void window.open("about:blank")');
  const pages = [page, await opened, await browser.newPage()];
  for (const each of pages) expect(await each.evaluate('1 + 1')).toBe(2);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  for (const each of pages) {
    const failed = each.evaluate('new Promise(() => {})').catch((reason: unknown) => reason);
    vi.advanceTimersByTime(90_000);
    const error = (await failed) as Error;
    expect(error.message).toBe('the browser did not end evaluate within 90000 ms');
    expect(error.stack).toContain('bounded-browser.e2e.ts');
  }
});
