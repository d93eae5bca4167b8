import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { watchPage } from './browser-watch.test-support.ts';
import { startChromium } from './chromium.test-support.ts';
import { sandboxFrameOrigin, sandboxScriptUrl } from './page-headers.ts';
import { createSampleServer } from './sample-graph.test-support.ts';

const timeoutMs = 60_000;
const screenshots = process.env.SCREENSHOTS;
const apollo = [new RegExp(`^${sandboxScriptUrl}`), new RegExp(`^${sandboxFrameOrigin}/`)];

// In place of Apollo's script: opens the frame as the real one does (its address holds the shared headers), and leaves
// the options for the test to use.
const standInScript = `window.EmbeddedSandbox = class {
  constructor(options) {
    window.sandboxOptions = options;
    this.frame = document.createElement('iframe');
    this.frame.src = '${sandboxFrameOrigin}/sandbox/explorer?sharedHeaders=' +
      encodeURIComponent(JSON.stringify(options.initialState.sharedHeaders));
    options.target.append(this.frame);
  }
  dispose() { this.frame.remove(); }
};`;
const standInFrame = `<h1>Sandbox</h1><script>parent.postMessage({ name: 'ExplorerListeningForHandshake' }, '*')</script>`;

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

describe('without Apollo’s script', () => {
  it.each([
    ['fails', 'cannot be reached'],
    ['hangs', 'did not answer within 5 s'],
  ])('says so when it %s, and what to do', { timeout: timeoutMs }, async (how, text) => {
    await page.route(sandboxScriptUrl, async (route) => {
      if (how === 'fails') await route.abort();
    });
    await page.goto(baseUrl);
    // At once, long before the script is given up.
    expect(await page.locator('main').innerText()).toContain('one federated graph');
    await expect
      .poll(() => page.locator('[data-sandbox-state]').innerText(), { timeout: 30_000 })
      .toContain(text);
    expect(await page.locator('main').innerText()).toContain(`curl ${baseUrl}/graphql`);
    if (screenshots) await page.screenshot({ path: join(screenshots, `sandbox-${how}.png`), fullPage: true });
    await page.getByText('Ada').first().click();
    await expect.poll(() => page.locator('.status').innerText()).toMatch(/^Token valid until \d\d:\d\d$/);
    await page.getByText('Open the explorer').click();
    await page.waitForURL(`${baseUrl}/explorer`);
  });

  it('stays readable without any script', async () => {
    const plain = await browser.newPage({ javaScriptEnabled: false });
    await plain.goto(baseUrl);
    expect(await plain.locator('main').innerText()).toContain('curl "$GATEWAY/graphql"');
    await plain.close();
  });
});

describe('with Apollo’s script', () => {
  let frameUrls: string[];

  beforeEach(async () => {
    frameUrls = [];
    await page.route(sandboxScriptUrl, (route) =>
      route.fulfill({ contentType: 'text/javascript', body: standInScript }),
    );
    await page.route(`${sandboxFrameOrigin}/**`, (route) => {
      frameUrls.push(route.request().url());
      return route.fulfill({ contentType: 'text/html', body: standInFrame });
    });
  });

  /** As Sandbox does when the person presses its button. */
  function send(url: string, headers: object): Promise<string> {
    const init = { method: 'POST', body: JSON.stringify({ query: '{ me { email } }' }) };
    return page.evaluate(
      `sandboxOptions.handleRequest(${JSON.stringify(url)}, {
        ...${JSON.stringify(init)},
        headers: { 'content-type': 'application/json', ...${JSON.stringify(headers)} },
      }).then((response) => response.text(), (error) => error.message)`,
    );
  }

  it('shows Sandbox on this graph, with the first example', { timeout: timeoutMs }, async () => {
    const watch = watchPage(page, baseUrl, apollo);
    await page.goto(baseUrl);
    await page.frameLocator('#sandbox iframe').getByText('Sandbox').waitFor();
    expect(await page.locator('main').isVisible()).toBe(false);
    expect(await page.evaluate('sandboxOptions.initialEndpoint')).toBe(`${baseUrl}/graphql`);
    expect(await page.evaluate('sandboxOptions.initialState.document')).toContain('query WhoAmI');
    await page.locator('.examples').selectOption({ label: 'Sign in' });
    expect(await page.evaluate('sandboxOptions.initialState.variables.input.email')).toBe('ada@example.com');
    if (screenshots) await page.screenshot({ path: join(screenshots, 'sandbox-loaded.png') });
    watch.assertClean();
  });

  it('fills in the token of the signed-in account, and tells Apollo nothing of it', {
    timeout: timeoutMs,
  }, async () => {
    await page.goto(baseUrl);
    await page.locator('#sandbox iframe').waitFor();
    const shared = await page.evaluate<Record<string, string>>('sandboxOptions.initialState.sharedHeaders');
    expect(await send('/graphql', shared)).toContain('auth.failure.missing_token');
    await page.locator('.bar').getByText('Ada').click();
    await page.locator('[aria-pressed="true"]').waitFor();
    expect(await send('/graphql', shared)).toContain('"email":"ada@example.com"');
    expect(await send('/graphql', {})).toContain('auth.failure.missing_token');
    expect(await send('/graphql', { ...shared, authorization: 'Bearer mine' })).toContain(
      'auth.failure.malformed',
    );
    expect(await send('https://evil.example/graphql', shared)).toBe('This page sends to /graphql only.');
    await page.locator('.examples').selectOption({ label: 'Who am I' });
    await expect.poll(() => frameUrls.length).toBe(2);
    expect(frameUrls.join()).not.toContain('sample.user');
  });

  it('brings its own text back when the frame stays silent', { timeout: timeoutMs }, async () => {
    await page.clock.install();
    await page.route(`${sandboxFrameOrigin}/**`, (route) => route.abort());
    await page.goto(baseUrl);
    await page.locator('#sandbox iframe').waitFor();
    await page.clock.fastForward(10_000);
    await page.getByText('Apollo Sandbox does not answer').waitFor();
    expect(await page.getByText('Open the explorer').isVisible()).toBe(true);
    if (screenshots) await page.screenshot({ path: join(screenshots, 'sandbox-silent.png') });
  });
});
