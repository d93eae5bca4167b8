import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Plugin, RolldownMagicString, rolldown } from 'rolldown';
import { type Package, root } from './manifest.ts';
import { replacedModules } from './replaced-modules.ts';

/**
 * Bundles the modules of a package into `folder`, with source maps. Signet's own code goes into the bundle, everything from npm
 * stays outside.
 *
 * @throws {Error} for whatever the bundler warns of.
 */
export async function bundlePackage({ entries }: Package, folder: string): Promise<void> {
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map(({ name, source }) => [name, source])),
    platform: 'node',
    transform: { target: 'esnext' },
    external: (specifier) => !/^(\.|\/|file:|@signet\/)/.test(specifier),
    plugins: [replaceModules(), bundleReferencedModules()],
    treeshake: {
      // A module of a library of which nothing is used is left out, and with it what it imports.
      moduleSideEffects: [
        { test: /\/(libs|schema)\//, sideEffects: false },
        { external: true, sideEffects: false },
      ],
    },
    onLog(level, log) {
      if (level === 'warn') throw new Error(log.message);
    },
  });
  await bundle.write({
    dir: folder,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    // The maps hold the sources, under the names that they have in the repository.
    sourcemapPathTransform: (source, map) => join('../src', relative(root, resolve(map, '..', source))),
  });
  await bundle.close();
}

function replaceModules(): Plugin {
  return {
    name: 'replace-modules',
    resolveId: {
      filter: { id: /(scopes\.ts|subgraphs\.json|explorer-folder\.ts)$/ },
      handler: (specifier, importer) =>
        importer === undefined ? undefined : replacedModules.get(resolve(importer, '..', specifier)),
    },
  };
}

/** A module that is started as `new URL('./x.ts', import.meta.url)`, such as a worker thread, becomes a file of the package. */
function bundleReferencedModules(): Plugin {
  const emitted: string[] = [];
  const reference = /new URL\(\s*'(\.[^']+\.(?:ts|mjs))',\s*import\.meta\.url\s*\)/g;
  return {
    name: 'bundle-referenced-modules',
    transform: {
      filter: { id: /\.(ts|mjs)$/, code: /new URL\(/ },
      handler(code, id) {
        const changed = new RolldownMagicString(code);
        for (const { 0: text, 1: specifier = '', index } of code.matchAll(reference)) {
          const path = fileURLToPath(new URL(specifier, pathToFileURL(id)));
          if (!existsSync(path)) continue;
          const file = this.emitFile({ type: 'chunk', id: path });
          emitted.push(file);
          changed.overwrite(index, index + text.length, `new URL(import.meta.ROLLUP_FILE_URL_${file})`);
        }
        if (!changed.hasChanged()) return;
        return { code: changed.toString(), map: changed.generateMap({ hires: true }).toString() };
      },
    },
    // That of a module of which nothing is used stays out, as that module does.
    generateBundle(_, bundle) {
      for (const name of emitted.map((file) => this.getFileName(file))) {
        const isUsed = Object.values(bundle).some(
          (output) =>
            output.type === 'chunk' && output.fileName !== name && output.code.includes(JSON.stringify(name)),
        );
        if (!isUsed) {
          delete bundle[name];
          delete bundle[`${name}.map`];
        }
      }
    },
  };
}
