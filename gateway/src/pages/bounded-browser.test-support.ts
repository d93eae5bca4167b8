import type { Browser, BrowserContext, Page } from 'playwright-core';

/**
 * What Playwright waits for without a limit: its timeouts are of what acts on an element or a navigation. A browser that stopped would end
 * a test by the limit of the test, which does not say where.
 */
const ofBrowser = ['newContext', 'newPage', 'close'] as const;
const ofContext = [
  'newPage',
  'close',
  'cookies',
  'addCookies',
  'addInitScript',
  'clearCookies',
  'route',
  'unrouteAll',
  'setOffline',
  'newCDPSession',
] as const;
const ofPage = [
  'addInitScript',
  'close',
  'content',
  'emulateMedia',
  'evaluate',
  'evaluateHandle',
  'route',
  'unroute',
  'unrouteAll',
  'setViewportSize',
  'title',
] as const;

/** Far above what any of it takes on a busy machine, and below the limit of a test. */
const boundMs = 90_000;

/** Gives such waits of the browser, its contexts and pages a limit, in place. The error has the stack of the call. */
export function boundBrowser(browser: Browser): Browser {
  bound(browser, ofBrowser);
  browser.on('context', (context: BrowserContext) => {
    bound(context, ofContext);
    context.on('page', (page: Page) => bound(page, ofPage));
  });
  return browser;
}

function bound<Owner extends object>(owner: Owner, names: readonly (keyof Owner & string)[]): void {
  for (const name of names) {
    const call = owner[name] as (...args: unknown[]) => Promise<unknown>;
    const limited = (...args: unknown[]) => {
      const late = new Error(`the browser did not end ${name} within ${boundMs} ms`);
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(late), boundMs);
      });
      return Promise.race([call.apply(owner, args), limit]).finally(() => clearTimeout(timer));
    };
    Object.assign(owner, { [name]: limited });
  }
}
