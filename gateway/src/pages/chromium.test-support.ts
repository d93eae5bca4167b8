import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { boundBrowser } from './bounded-browser.test-support.ts';

// For tests only.

/** Starts Chromium without a window. Throws, saying what to install, when there is none: these tests are never skipped. */
export async function startChromium(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: getChromiumPath(),
    headless: true,
    args: [
      // Chromium's own sandbox does not start for root; the pages under test are ours.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return boundBrowser(browser);
}

/** The headless shell draws no windows of a browser: pages take less than half of the CPU. Debian has both. */
const installed = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];

function getChromiumPath(): string {
  const { CHROMIUM_PATH } = process.env;
  const path = (CHROMIUM_PATH ? [CHROMIUM_PATH] : installed).find((one) => existsSync(one));
  if (path) return path;
  throw new Error(
    `No Chromium at ${CHROMIUM_PATH ?? installed.join(' or ')}. Install one (Debian: apt-get install chromium-headless-shell), or set CHROMIUM_PATH to its executable.`,
  );
}
