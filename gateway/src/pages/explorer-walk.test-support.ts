import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { readStorage, watchPage } from './browser-watch.test-support.ts';
import { createExplorerDriver } from './explorer-driver.test-support.ts';

// For tests only.

export type ExplorerWalk = {
  /** E-mails of seeded accounts that the page offers. */
  readonly customer: string;
  readonly staff: string;
  /** A folder for pictures of the stations; none are taken without it. */
  readonly screenshots?: string;
};

/**
 * A developer's first minutes with the explorer, against any server that has the page and the platform's sign-in
 * fields. Throws at the first thing that is not as it should be.
 */
export async function walkExplorer(page: Page, baseUrl: string, walk: ExplorerWalk): Promise<void> {
  const watch = watchPage(page, baseUrl);
  const explorer = createExplorerDriver(page, baseUrl);
  const tokens = new Set<string>();
  page.on('request', (request) => {
    const [, token] = /^Bearer (.+)$/.exec(request.headers().authorization ?? '') ?? [];
    if (token) tokens.add(token);
  });
  const show = async (name: string) => {
    if (walk.screenshots) await page.screenshot({ path: join(walk.screenshots, `explorer-${name}.png`) });
  };

  await explorer.open();
  assert.match(await explorer.readDocumentation(), /portalHealth/, 'the schema can be browsed');
  assert.match(await explorer.readDocumentation('portalHea'), /Query\.portalHealth/, 'and searched');
  const offered = await explorer.complete('{ portalH');
  assert(offered.includes('portalHealth'), `portalHealth is completed; offered: ${offered}`);
  await show('1-schema');

  assert.match(
    await explorer.run('{ me { email } }'),
    /auth\.failure\.missing_token/,
    'nobody is signed in at first',
  );

  await explorer.signIn(walk.customer);
  assert.equal(
    JSON.parse(await explorer.run('{ me { email } }')).data.me.email,
    walk.customer,
    'a customer is known',
  );
  await show('2-customer');
  const refused = await explorer.run('{ portalHealth again: portalHealth }');
  assert.match(refused, /authz\.platform\.deny/, 'a customer is refused at the portal');
  const [reason, ...others] = await explorer.reasons();
  assert.match(reason ?? '', /^authz\.platform\.deny: This field requires a 'portal' token/);
  assert.deepEqual(others, [], 'one line for one reason, of however many fields');
  await show('3-refused');

  await page.reload();
  await explorer.waitForAccount(walk.customer);
  assert.equal(
    JSON.parse(await explorer.run('{ me { email } }')).data.me.email,
    walk.customer,
    'the sign-in survives a reload of the page',
  );

  await explorer.openTab();
  assert.equal(
    JSON.parse(await explorer.run('{ me { email } }')).data.me.email,
    walk.customer,
    'a new tab sends the token too',
  );

  await explorer.signIn(walk.staff);
  assert.equal(
    JSON.parse(await explorer.run('{ portalHealth }')).data.portalHealth,
    'ok',
    'staff are let in',
  );
  assert.match(
    await explorer.run('{ me { email } }'),
    /authz\.platform\.deny/,
    'staff are refused as customers',
  );

  await explorer.writeHeaders('{"Authorization": "Bearer not.a.token"}');
  assert.match(await explorer.run('{ portalHealth }'), /UNAUTHENTICATED/, 'a made-up token is refused');
  await show('4-bad-token');
  await explorer.writeHeaders('');

  await explorer.signOut();
  assert.match(
    await explorer.run('{ me { email } }'),
    /auth\.failure\.missing_token/,
    'signed out is signed out',
  );
  await page.reload();
  assert.match(
    await explorer.run('{ me { email } }'),
    /auth\.failure\.missing_token/,
    'and stays so after a reload',
  );
  const stored = await readStorage(page);
  assert(tokens.size >= 3, 'tokens were sent');
  for (const token of tokens) assert(!stored.includes(token), 'no token is kept in the browser');
  assert.deepEqual(await foreignLinks(page), [], 'the page leads nowhere else');
  watch.assertClean();
}

/** Links to other origins, and names that are not ours. */
async function foreignLinks(page: Page): Promise<string[]> {
  const links = await page.evaluate<string[]>(
    `[...document.querySelectorAll('a[href]')].map((link) => link.href).filter((url) => new URL(url).origin !== location.origin)`,
  );
  const names = /graphiql|graphile|ruru|sponsor/i.exec(await page.locator('body').innerText());
  return [...links, ...(names ?? [])];
}
