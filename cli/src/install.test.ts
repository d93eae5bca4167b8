import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

type LockedPackage = { hasInstallScript?: boolean; deprecated?: string };

const root = join(import.meta.dirname, '../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const locked: Record<string, LockedPackage> = JSON.parse(
  readFileSync(join(root, 'package-lock.json'), 'utf8'),
).packages;

/** Names of the locked packages that `isWanted` picks. */
function namesOf(isWanted: (entry: LockedPackage) => boolean): string[] {
  return Object.keys(locked)
    .filter((path) => isWanted(locked[path] ?? {}))
    .map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
}

describe('npm install', () => {
  it('asks about no install script and warns about no deprecated package', () => {
    const undecided = namesOf((entry) => entry.hasInstallScript === true).filter(
      (name) => !(name in manifest.allowScripts),
    );
    expect(undecided).toEqual([]);
    expect(namesOf((entry) => entry.deprecated !== undefined)).toEqual([]);
  });

  it('brings the Node that .nvmrc names', () => {
    expect(readFileSync(join(root, '.nvmrc'), 'utf8').trim()).toBe(manifest.devDependencies.node);
  });
});
