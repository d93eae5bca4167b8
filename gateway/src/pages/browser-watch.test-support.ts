import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';

// For tests only.

/** Notes what a page must not do: leave its origin, break its own policy, throw. Call `assertClean` at the end. */
export function watchPage(page: Page, baseUrl: string, allowed: RegExp[] = []): { assertClean(): void } {
  const faults: string[] = [];
  const { origin } = new URL(baseUrl);
  page.on('pageerror', (error) => faults.push(`threw: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    const isLocal = new URL(url).origin === origin || /^(data|blob|about):/.test(url);
    if (!isLocal && !allowed.some((pattern) => pattern.test(url)))
      faults.push(`asked another origin: ${url}`);
  });
  page.on('response', (response) => {
    const isPageFile = /\/(page-files|explorer)\b/.test(response.url());
    if (isPageFile && response.status() >= 400) faults.push(`${response.status()} for ${response.url()}`);
  });
  return { assertClean: () => assert.deepEqual(faults, []) };
}

/** Everything that the page's origin keeps in the browser after the page is gone, or for this tab. */
export function readStorage(page: Page): Promise<string> {
  return page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');
}
