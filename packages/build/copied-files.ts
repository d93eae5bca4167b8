import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './manifest.ts';

/** Files that a package's code reads at run time, beside its modules: where they lie in this repository, and in the package. */
const copiedFiles: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>> = {
  gateway: [
    ['gateway/src/pages/client', 'dist/client'],
    ...['static.js', 'version.js', 'bundleCode.js'].map(
      (name) => [`node_modules/ruru/dist/${name}`, `dist/ruru/${name}`] as const,
    ),
    ['node_modules/ruru/LICENSE.md', 'dist/ruru/LICENSE.md'],
  ],
};

/** The libraries of others of which such files lie in the package. */
export function bundledLibraries(folder: string): string[] {
  const names = (copiedFiles[folder] ?? []).map(
    ([from]) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(from)?.[1],
  );
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Copies them into `stage`, the folder of the package's content. */
export function copyRuntimeFiles(folder: string, stage: string): void {
  for (const [from, to] of copiedFiles[folder] ?? []) {
    mkdirSync(dirname(join(stage, to)), { recursive: true });
    if (!to.endsWith('.js')) cpSync(join(root, from), join(stage, to), { recursive: true });
    // Without the line that names a source map, which is not copied.
    else
      writeFileSync(
        join(stage, to),
        readFileSync(join(root, from), 'utf8').replace(/\n\/\/# sourceMappingURL=.*/, ''),
      );
  }
  if (folder === 'gateway') writeFileSync(join(stage, 'dist/ruru/package.json'), '{ "type": "commonjs" }\n');
}
