import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './manifest.ts';
import { findLibraries, folderOf } from './notice.ts';

/** Files that a package's code reads at run time, beside its modules: where they lie in this repository, and in the package. */
const copiedFiles: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>> = {
  gateway: [
    ['gateway/src/pages/client', 'dist/client'],
    ['explorer/dist/manifest.json', 'dist/explorer/manifest.json'],
    ['explorer/dist/assets', 'dist/explorer/assets'],
  ],
};

/** The libraries of others of which parts lie in a package: the explorer's, in its built files. */
export function bundledLibraries(folder: string): string[] {
  if (folder !== 'gateway') return [];
  const { dependencies } = JSON.parse(readFileSync(join(root, 'explorer/package.json'), 'utf8'));
  return Object.keys(dependencies);
}

/** Copies the files into `stage`, the folder of the package's content, with the licences of what is in them. */
export function copyRuntimeFiles(folder: string, stage: string): void {
  for (const [from, to] of copiedFiles[folder] ?? []) {
    mkdirSync(dirname(join(stage, to)), { recursive: true });
    cpSync(join(root, from), join(stage, to), { recursive: true });
  }
  const libraries = findLibraries(bundledLibraries(folder));
  if (libraries.length === 0) return;
  const texts = libraries.map(({ name, version }) => `${name} ${version}\n\n${readLicence(name)}`);
  writeFileSync(join(stage, 'dist/explorer/LICENSES.txt'), texts.join('\n\n---\n\n'));
}

function readLicence(name: string): string {
  const folder = folderOf(name);
  const file = folder && readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!folder || !file || !existsSync(join(folder, file)))
    return 'Its package holds no licence text. See its package.json.';
  return readFileSync(join(folder, file), 'utf8').trim();
}
