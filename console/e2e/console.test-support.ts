import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { findBarriers } from '../../gateway/src/pages/axe.test-support.ts';
import { startChromium } from '../../gateway/src/pages/chromium.test-support.ts';
import {
  seedPassword,
  startTestPlatform,
  type TestPlatform,
} from '../../launcher/src/platform.test-support.ts';
import type { MailboxMail } from '../../schema/contract/mailbox.ts';

const folder = `${import.meta.dirname}/..`;

/** A platform with its console, and a browser with an empty context for each test. */
export type Console = {
  readonly platform: TestPlatform;
  readonly browser: Browser;
  /** Of every account of the seed. */
  readonly password: string;
  /** The console's address, with a `/` at its end. */
  readonly base: string;
  readonly context: BrowserContext;
  /** What pages have asked, and the manifest of trusted documents does not list. */
  readonly unlisted: Set<string>;
  /** Gives the test a context of other settings: a language, a scheme of colours, a size. */
  useContext: (options: BrowserContextOptions) => Promise<BrowserContext>;
  /** Opens a page of the console, and signs in where it asks for that. */
  open: (path: string, email?: string) => Promise<Page>;
  signIn: (page: Page, email: string) => Promise<void>;
  enterPassword: (page: Page, email: string) => Promise<void>;
  /** As somebody does from another device, or an administrator. */
  endSessions: (email: string) => Promise<void>;
  /** The link of a mail of this kind to an address, as soon as there is one that was not seen. */
  findLink: (to: string, template: string, seen?: readonly string[]) => Promise<string>;
  /** What axe finds wrong with a page: the rule, and where. */
  findBarriers: (page: Page) => Promise<string[]>;
};

/** Starts all of it for the tests of a file, and ends it after them. */
export function startConsole(): Console {
  let platform: TestPlatform;
  let browser: Browser;
  let context: BrowserContext;
  let base: string;
  const unlisted = new Set<string>();

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [`${folder}/build.ts`]);
    [platform, browser] = await Promise.all([
      startTestPlatform({ CONSOLE: 'yes', STAFF_MFA: 'operations', CLIENT_SECRETS: 'yes' }),
      startChromium(),
    ]);
    base = new URL('/console/', platform.urlOf('portal')).href;
  });
  afterAll(async () => {
    await browser?.close();
    await platform?.stop();
  });
  beforeEach(() => openContext({ viewport: { width: 1280, height: 800 } }));
  afterEach(() => context.close());

  async function openContext(options: BrowserContextOptions): Promise<BrowserContext> {
    context = await browser.newContext({ locale: 'en', ...options });
    const { operations } = JSON.parse(readFileSync(`${folder}/dist/trusted-documents.json`, 'utf8')) as {
      operations: { body: string }[];
    };
    context.on('request', (request) => {
      const sent = request.postData();
      const query = sent && JSON.parse(sent).query;
      if (query && !operations.some(({ body }) => body === query)) unlisted.add(query);
    });
    return context;
  }
  async function enterPassword(page: Page, email: string): Promise<void> {
    await page.getByLabel('E-mail', { exact: true }).fill(email);
    await page.getByLabel('Password', { exact: true }).fill(seedPassword);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }
  async function signIn(page: Page, email: string): Promise<void> {
    await enterPassword(page, email);
    await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
  }
  return {
    get platform() {
      return platform;
    },
    get browser() {
      return browser;
    },
    get base() {
      return base;
    },
    get context() {
      return context;
    },
    unlisted,
    password: seedPassword,
    async useContext(options) {
      await context.close();
      return openContext(options);
    },
    async open(path, email = 'admin@example.com') {
      const page = await context.newPage();
      await page.goto(new URL(path, base).href);
      await signIn(page, email);
      return page;
    },
    signIn,
    enterPassword,
    async endSessions(email) {
      const token = await platform.signIn('portal', email);
      const elsewhere = await platform.signIn('portal', email);
      await platform.ask('mutation { endOtherPortalSessions }', { token: elsewhere });
      // A token of such a session is taken for up to a second more.
      const ask = () => platform.ask('{ portalMe { id } }', { token, entrance: 'portal' });
      await expect.poll(async () => (await ask()).body.errors).toBeDefined();
    },
    async findLink(to, template, seen = []) {
      const mailbox = new URL('/mailbox', platform.urlOf('graph'));
      const find = async () => {
        const answer = await fetch(mailbox, { headers: { accept: 'application/json' } });
        const mails = (await answer.json()) as MailboxMail[];
        return mails
          .filter((mail) => mail.to === to && mail.template === template)
          .map(({ text }) => /https?:\S+/.exec(text)?.[0] ?? '')
          .find((link) => !seen.includes(link));
      };
      await expect.poll(find).toBeDefined();
      return (await find()) ?? '';
    },
    findBarriers,
  };
}
