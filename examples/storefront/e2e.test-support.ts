import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { findBarriers } from '../../gateway/src/pages/axe.test-support.ts';
import { startChromium } from '../../gateway/src/pages/chromium.test-support.ts';
import { startTestPlatform, type TestPlatform } from '../../launcher/src/platform.test-support.ts';

const root = `${import.meta.dirname}/../..`;

/** Of the customers that tests make. */
export const password = 'a long and winding sentence';

/** A platform with the storefront, and a browser with an empty context for each test. */
export type Shop = {
  readonly platform: TestPlatform;
  readonly base: string;
  readonly context: BrowserContext;
  /** What pages said that they must not: exceptions, and what their policy refused. */
  readonly faults: string[];
  /** Gives the test a context of other settings, beside the one that it has. */
  openContext: (options?: BrowserContextOptions) => Promise<BrowserContext>;
  open: (path: string) => Promise<Page>;
  /** Makes a customer with a verified address, who is in no other test. */
  createCustomer: () => Promise<string>;
  signIn: (page: Page, email: string, given?: string) => Promise<void>;
  /** The address that the latest mail of a template leads to. */
  linkOf: (to: string, template: string) => Promise<string>;
  /** Signs in from another device. */
  signInElsewhere: (email: string) => Promise<string>;
  findBarriers: (page: Page) => Promise<string[]>;
};

/** Starts all of it for the tests of a file, and ends it after them. */
export function startShop(): Shop {
  let platform: TestPlatform;
  let browser: Browser;
  let contexts: BrowserContext[] = [];
  let base: string;
  let faults: string[] = [];

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [`${root}/launcher/src/build-storefront.ts`]);
    [platform, browser] = await Promise.all([startTestPlatform({ STOREFRONT: 'yes' }), startChromium()]);
    base = `http://localhost:${platform.portBase + 3}/`;
  });
  afterAll(async () => {
    await browser?.close();
    await platform?.stop();
  });
  beforeEach(async () => {
    faults = [];
    await openContext();
  });
  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    contexts = [];
  });

  async function openContext(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await browser.newContext({
      locale: 'en',
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    context.on('weberror', (error) => faults.push(error.error().message));
    context.on('console', (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) faults.push(message.text());
    });
    contexts.push(context);
    return context;
  }
  const mailsTo = async (to: string) => {
    const answer = await fetch(`http://localhost:${platform.portBase}/mailbox`, {
      headers: { accept: 'application/json' },
    });
    const mails = (await answer.json()) as { to: string; template: string; text: string }[];
    return mails.filter((mail) => mail.to === to);
  };
  async function linkOf(to: string, template: string): Promise<string> {
    const find = async () => {
      const mail = (await mailsTo(to)).find((one) => one.template === template);
      return mail && /http:\S+#token=\S+/.exec(mail.text)?.[0];
    };
    await expect.poll(find, { message: `the mail ${template}` }).toBeDefined();
    return String(await find());
  }
  return {
    get platform() {
      return platform;
    },
    get base() {
      return base;
    },
    get context() {
      return contexts[0] as BrowserContext;
    },
    get faults() {
      return faults;
    },
    openContext,
    async open(path) {
      const page = await (contexts[0] as BrowserContext).newPage();
      await page.goto(new URL(path, base).href);
      return page;
    },
    async createCustomer() {
      const email = `customer-${crypto.randomUUID()}@example.com`;
      const variables = { input: { email, password, fullName: 'Test Customer' } };
      const { body } = await platform.ask(
        'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
        { variables },
      );
      const [refusal] = (body.errors ?? []) as unknown as { extensions: { challenge: { id: string } } }[];
      const challenge = refusal?.extensions.challenge.id;
      const token = new URL(await linkOf(email, 'verify-email')).hash.slice('#token='.length);
      await platform.ask('mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { verified } }', {
        variables: { input: { token, challenge } },
      });
      return email;
    },
    async signIn(page, email, given = password) {
      await page.goto(new URL('sign-in', base).href);
      await page.getByLabel('E-mail').fill(email);
      await page.getByLabel('Password').fill(given);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
    },
    linkOf,
    async signInElsewhere(email) {
      const query = 'mutation ($input: LoginInput!) { it: login(input: $input) { accessToken } }';
      const { body } = await platform.ask(query, { variables: { input: { email, password } } });
      return String(body.data.it.accessToken);
    },
    findBarriers,
  };
}
