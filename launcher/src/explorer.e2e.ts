import { test } from 'vitest';
import { startChromium } from '../../gateway/src/pages/chromium.test-support.ts';
import { buildExplorer } from '../../gateway/src/pages/explorer-build.test-support.ts';
import { walkExplorer } from '../../gateway/src/pages/explorer-walk.test-support.ts';
import { startTestPlatform } from './platform.test-support.ts';

test('a developer signs in, browses, runs a query and meets a refusal in the explorer', async () => {
  await using stack = new AsyncDisposableStack();
  await buildExplorer();
  const platform = await startTestPlatform({ EXPLORER: 'yes' });
  stack.defer(() => platform.stop());
  const browser = await startChromium();
  stack.defer(() => browser.close());
  await walkExplorer(await browser.newPage(), new URL(platform.urlOf('graph')).origin, {
    customer: 'ada@example.com',
    staff: 'support@example.com',
  });
}, 180_000); // Some thirty steps of a browser, which starts while other files run.
