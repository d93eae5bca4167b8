import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

// For tests only.

/** Starts Chromium without a window. Throws, saying what to install, when there is none: these tests are never skipped. */
export async function startChromium(): Promise<Browser> {
  return chromium.launch({
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
}

function getChromiumPath(): string {
  const path = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
  if (existsSync(path)) return path;
  throw new Error(
    `No Chromium at ${path}. Install one (Debian: apt-get install chromium), or set CHROMIUM_PATH to its executable.`,
  );
}
