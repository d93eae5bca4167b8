import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readPackages, root } from './manifest.ts';

const packages = readPackages();

test('one changeset gives all packages the same next version', () => {
  const copy = mkdtempSync(join(tmpdir(), 'signet-versions-'));
  onTestFinished(() => rmSync(copy, { recursive: true }));
  const manifests = packages.map(({ folder }) => `${folder}/package.json`);
  for (const { folder } of packages) mkdirSync(join(copy, folder));
  for (const name of ['package.json', 'lerna.json', '.changeset/config.json', ...manifests]) {
    cpSync(join(root, 'packages', name), join(copy, name));
  }
  writeFileSync(
    join(copy, '.changeset/one.md'),
    "---\n'@signet/session': minor\n---\n\nReads one more claim.\n",
  );
  execFileSync(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), 'version'], {
    cwd: copy,
    stdio: 'pipe',
  });
  const versions = manifests.map((name) => JSON.parse(readFileSync(join(copy, name), 'utf8')).version);
  const [major, minor] = packages[0]?.manifest.version.split('.').map(Number) ?? [];
  expect(new Set(versions)).toEqual(new Set([`${major}.${Number(minor) + 1}.0`]));
  expect(readFileSync(join(copy, 'session/CHANGELOG.md'), 'utf8')).toContain('Reads one more claim.');
});

test('no folder of a package can be published, since it holds no bundle', () => {
  expect(packages.filter((one) => !one.manifest.private).map(({ folder }) => folder)).toEqual([]);
});

test('all packages have one version', () => {
  expect(new Set(packages.map(({ manifest }) => manifest.version)).size).toBe(1);
});
