import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { subgraphs } from '@signet/schema/subgraphs';
import { afterAll, beforeAll, expect, test as vitestTest } from 'vitest';
import { copyRepository, type RepositoryCopy } from './repository-copy.test-support.ts';
import { startCopy } from './started-copy.test-support.ts';

const shop = subgraphs.filter(({ isDemo }) => isDemo).map(({ name }) => name);
// Where the shop is gone there is nothing to try.
const test = vitestTest.skipIf(shop.length === 0);
const testsThatNotice = [
  'schema',
  'docs',
  'deploy',
  'db/src/access',
  'libs/access',
  'libs/proof/src/proof-folder',
  'libs/session/src/verifier',
  'gateway/src/config',
  'gateway/src/limits',
  'gateway/src/execute/strip-rules',
  'gateway/src/access/access-guard',
  'gateway/src/subgraphs',
];
let copy: RepositoryCopy;
beforeAll(async () => {
  copy = await copyRepository();
});
afterAll(() => copy.remove());

const signet = (...args: string[]) => copy.run('node', 'cli/bin/signet.mjs', ...args);
const read = (path: string) => readFileSync(join(copy.path, path), 'utf8');

test('refuses uncommitted changes, and changes nothing', async () => {
  writeFileSync(join(copy.path, 'README.md'), 'changed');
  await expect(signet('remove-shop')).rejects.toThrow(/1 uncommitted change.*--force/s);
  expect(await copy.run('git', 'status', '--porcelain')).toBe(' M README.md\n');
  await copy.run('git', 'checkout', 'README.md');
});

test('leaves everything as it was where the rest does not compose', async () => {
  const sdl = 'subgraphs/portal/src/broken.graphql';
  writeFileSync(join(copy.path, sdl), 'extend type Nothing { x: Missing }\n');
  await expect(signet('remove-shop', '--force')).rejects.toThrow(/so nothing was removed/);
  expect(await copy.run('git', 'status', '--porcelain')).toBe(`?? ${sdl}\n`);
  await copy.run('rm', sdl);
});

test('what is left composes, passes every check and its tests, starts, and lets customers and staff in', async () => {
  await signet('remove-shop');
  for (const name of shop) {
    expect(existsSync(join(copy.path, 'subgraphs', name))).toBe(false);
    expect(read('docker-compose.yml')).not.toMatch(new RegExp(`\\b${name}\\b`));
    expect(read('schema/generated/supergraph.graphql')).not.toMatch(new RegExp(`\\b${name}\\b`, 'i'));
  }
  await signet('compose', '--check');
  await signet('access', '--check');
  await Promise.all([copy.run('npx', 'tsc', '--noEmit'), copy.run('npm', 'run', 'lint')]);
  // What reads the registry, the generated graph, scopes or rights. The whole suite runs without the shop in .github/workflows/ci.yml.
  await copy.run('npx', 'vitest', 'run', '--project', 'unit', ...testsThatNotice);
  const platform = await startCopy(copy);
  try {
    await copy.runWith(platform.variables, 'node', 'cli/bin/signet.mjs', 'smoke', platform.url);
  } finally {
    await platform.stop();
  }
}, 900_000);

test('has nothing to do the second time', async () => {
  await expect(signet('remove-shop', '--force')).rejects.toThrow(/There is no demo shop/);
});
