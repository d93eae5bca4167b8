import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Package, root } from './manifest.ts';

/** What its licence asks for beyond the usual, by the licence's SPDX name. */
const remarks: Readonly<Record<string, string>> = {
  'Elastic-2.0':
    'Free of charge, also in a commercial product. You may not offer these packages to third parties as a hosted or managed service.',
};

/** A library of others, with the SPDX name of its licence. */
export type Library = { name: string; version: string; license: string };

type Installed = {
  name: string;
  version: string;
  license?: string | { type?: string };
  dependencies?: Record<string, string>;
};

/**
 * What a package says of the licences of others: the libraries that npm installs with it, and those that lie in it.
 *
 * @param bundledNames libraries of which parts lie in the package
 * @throws {Error} listing each library that is not installed or names no licence.
 */
export function writeNotice({ manifest }: Package, bundledNames: readonly string[]): string {
  const installed = findLibraries(Object.keys(manifest.dependencies ?? {}), {
    versions: manifest.dependencies ?? {},
  });
  const bundled = findLibraries(bundledNames);
  const section = (title: string, libraries: readonly Library[]) =>
    libraries.length === 0 ? [] : [title, ...formatLibraries(libraries), ''];
  return [
    `${manifest.name} is under the MIT License: see LICENSE.`,
    '',
    ...section('In this package are parts of these libraries. Their licence texts lie beside them.', bundled),
    ...section('npm installs these libraries with it. Each has the text of its licence.', installed),
  ].join('\n');
}

function formatLibraries(libraries: readonly Library[]): string[] {
  const byLicense = Map.groupBy(libraries, ({ license }) => license);
  const sorted = [...byLicense].sort(
    ([a], [b]) => Number(b in remarks) - Number(a in remarks) || (a < b ? -1 : 1),
  );
  return sorted.flatMap(([license, ofLicense]) => [
    '',
    `${license}:`,
    ...(remarks[license] ? [`  ${remarks[license]}`] : []),
    ...ofLicense.map(({ name, version }) => `  ${name} ${version}`),
  ]);
}

/** The libraries, and all that they depend on, as installed here: by name. */
export function findLibraries(
  names: readonly string[],
  { versions = {} }: { versions?: Readonly<Record<string, string>> } = {},
): Library[] {
  const found = new Map<string, Library>();
  const faults: string[] = [];
  const add = (name: string, from: string) => {
    const folder = findFolder(name, from);
    if (folder === undefined) return void faults.push(`${name} is not installed`);
    const { version, license, dependencies = {} } = read(folder);
    const key = `${name} ${version}`;
    if (found.has(key)) return;
    const spdx = typeof license === 'object' ? license.type : license;
    if (!spdx) faults.push(`${key} names no licence in its package.json`);
    found.set(key, { name, version, license: spdx ?? '' });
    for (const dependency of Object.keys(dependencies)) add(dependency, folder);
  };
  for (const name of names) add(name, homeOf(name, versions[name]));
  if (faults.length > 0) throw new Error(`The licences of libraries cannot be told:\n${faults.join('\n')}`);
  return [...found.values()].sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

/** The folder from which Node finds this version: npm keeps one of several beside the workspace that wants it. */
function homeOf(name: string, version: string | undefined): string {
  const isThere = (home: string) => {
    const folder = findFolder(name, home);
    return folder !== undefined && (version === undefined || read(folder).version === version);
  };
  const libs = readdirSync(join(root, 'libs')).map((lib) => join(root, 'libs', lib));
  return [root, ...libs, join(root, 'gateway'), join(root, 'cli')].find(isThere) ?? root;
}

/** Where a library lies that nobody has in another version. */
export function folderOf(name: string): string | undefined {
  return findFolder(name, root);
}

function read(folder: string): Installed {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** Where Node finds a library from a folder: in the nearest node_modules above it. */
function findFolder(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}
