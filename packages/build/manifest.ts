import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository, in which `packages/` lies. */
export const root = join(import.meta.dirname, '../..');

/** What pack reads of `packages/<folder>/package.json`. */
export type Manifest = {
  name: string;
  version: string;
  /** So that nobody publishes a folder of this repository. */
  private?: true;
  exports: Readonly<Record<string, string | { types: string; default: string }>>;
  bin?: Readonly<Record<string, string>>;
  files: readonly string[];
  dependencies?: Readonly<Record<string, string>>;
  peerDependencies?: Readonly<Record<string, string>>;
};

/** A package to build. */
export type Package = {
  /** The folder's name: `session`. */
  folder: string;
  /** Absolute path of the folder. */
  path: string;
  manifest: Manifest;
  /** The modules to bundle. */
  entries: readonly Entry[];
};

/** A module of a package: `dist/<name>.js`, bundled from `<name>.ts` or `<name>.mjs` in the package's folder. */
export type Entry = { name: string; source: string; hasTypes: boolean };

/**
 * Reads the packages below `packages/`, all or the named ones. Their modules follow from `exports` and `bin`.
 *
 * @throws {Error} listing each entry of a manifest that has no source, and each name that is no package.
 */
export function readPackages(wanted: readonly string[] = []): Package[] {
  const folder = join(root, 'packages');
  const all = readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'package.json')) && name !== 'dist')
    .sort();
  const unknown = wanted.filter((name) => !all.includes(name));
  if (unknown.length > 0) {
    throw new Error(`No package is called ${unknown.join(', ')}. There are ${all.join(', ')}.`);
  }
  return all.filter((name) => wanted.length === 0 || wanted.includes(name)).map(readPackage);
}

function readPackage(folder: string): Package {
  const path = join(root, 'packages', folder);
  const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest;
  const exported = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [] : [{ file: target.default, hasTypes: true }],
  );
  const commands = Object.values(manifest.bin ?? {}).map((file) => ({ file, hasTypes: false }));
  const entries = [...exported, ...commands].map(({ file, hasTypes }) => {
    const name = /^(?:\.\/)?dist\/([\w-]+)\.js$/.exec(file)?.[1];
    const source = ['ts', 'mjs'].map((ext) => join(path, `${name}.${ext}`)).find((one) => existsSync(one));
    if (name === undefined || source === undefined) {
      throw new Error(
        `packages/${folder}/package.json: ${file} is no dist/<name>.js with a <name>.ts beside it.`,
      );
    }
    return { name, source, hasTypes };
  });
  return { folder, path, manifest, entries };
}
