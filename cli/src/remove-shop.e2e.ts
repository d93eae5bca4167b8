import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { subgraphs } from '@signet/schema/subgraphs';
import { afterAll, beforeAll, expect, test as vitestTest } from 'vitest';
import { copyRepository, type RepositoryCopy } from './repository-copy.test-support.ts';

// What it refuses, and how a subgraph is added beside the shop. What is left without the shop is tried in docs/adopt/whole-platform.e2e.ts.

// Where the shop is gone there is nothing to try.
const test = vitestTest.skipIf(!subgraphs.some(({ isDemo }) => isDemo));
let copy: RepositoryCopy;
beforeAll(async () => {
  copy = await copyRepository();
});
afterAll(() => copy.remove());

const signet = (...args: string[]) => copy.run('node', 'cli/bin/signet.mjs', ...args);

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

test('a new subgraph composes beside the shop, and every field of it has a rule', async () => {
  expect(await signet('new', 'subgraph', 'reviews')).toContain('subgraphs/reviews/subgraph.ts');
  await signet('compose');
  await signet('access');
  await signet('access', '--check');
  // Kubernetes gets it from its lines in docker-compose.yml.
  expect(readFileSync(join(copy.path, 'deploy/kubernetes/base/reviews.yaml'), 'utf8')).toContain(
    'kind: Deployment',
  );
  expect(readFileSync(join(copy.path, 'deploy/kubernetes/images/kustomization.yaml'), 'utf8')).toContain(
    'signet-reviews',
  );
});
