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
  const show = async (name: string) => {
    if (walk.screenshots) await page.screenshot({ path: join(walk.screenshots, `explorer-${name}.png`) });
  };

  await explorer.open();
  assert.match(await explorer.readDocumentation(), /portalHealth/, 'the schema can be browsed');
  const offered = await explorer.complete('{ portalH');
  assert(offered.includes('portalHealth'), `portalHealth is completed; offered: ${offered}`);
  await show('1-schema');

  assert.match(
    await explorer.run('{ me { email } }'),
    /auth\.failure\.missing_token/,
    'nobody is signed in at first',
  );

  await explorer.signIn(walk.customer);
  const token = readToken(await explorer.readEditor('request-headers.json'));
  assert(
    JSON.parse(await explorer.run('{ me { email } }')).data.me.email === walk.customer,
    'a customer is known',
  );
  await show('2-customer');
  assert.match(
    await explorer.run('{ portalHealth }'),
    /authz\.platform\.deny/,
    'a customer is refused at the portal',
  );
  await show('3-refused');

  await explorer.openTab();
  assert.equal(
    readToken(await explorer.readEditor('request-headers.json')),
    token,
    'a new tab has the token too',
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

  await explorer.signOut();
  assert.match(
    await explorer.run('{ me { email } }'),
    /auth\.failure\.missing_token/,
    'signed out is signed out',
  );
  assert(!(await readStorage(page)).includes(token), 'no token is kept in the browser');
  watch.assertClean();
}

function readToken(headers: string): string {
  return JSON.parse(headers).Authorization.replace('Bearer ', '');
}
