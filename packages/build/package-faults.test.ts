import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type Manifest, root } from './manifest.ts';
import { findPackageFaults } from './package-faults.ts';

const stages: string[] = [];
afterEach(() => {
  for (const stage of stages.splice(0)) rmSync(stage, { recursive: true });
});

/** The faults of a package with these files, which depends on the tested zod. */
function faultsOf(files: Record<string, string>, manifest: Partial<Manifest> = {}): string[] {
  const stage = mkdtempSync(join(tmpdir(), 'signet-stage-'));
  stages.push(stage);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(stage, name)), { recursive: true });
    writeFileSync(join(stage, name), text);
  }
  const whole: Manifest = { name: '@signet/x', version: '1.0.0', exports: {}, files: [], ...manifest };
  return findPackageFaults({ folder: 'x', path: stage, manifest: whole, entries: [] }, stage, [
    'catalog',
    'OrderConnection',
  ]);
}

test('finds nothing in a package that imports what it depends on', () => {
  const code = `import { z } from 'zod';\nimport { join } from 'node:path';\nimport './chunk.js';\nexport * from "graphql";\n`;
  const dependencies = { zod: '4.6.7' };
  expect(faultsOf({ 'dist/index.js': code }, { dependencies, peerDependencies: { graphql: '^16' } })).toEqual(
    [],
  );
});

test.each([
  ['a static import', `import { z } from 'zod';`],
  ['an import over several lines', `import {\n  z,\n} from "zod/v4";`],
  ['a bare import', `import "zod";`],
  ['a dynamic import', `const { z } = await import("zod");`],
  ['a re-export', `export { z } from "zod";`],
  ['a require', `const z = createRequire(import.meta.url)("zod/lib/x.js");`],
  ['a resolve', `createRequire(import.meta.url).resolve('zod/static');`],
])('names a package that is no dependency, by %s', (_form, code) => {
  expect(faultsOf({ 'dist/index.js': code })).toEqual(['packages/x: zod is imported, and no dependency']);
});

test('a program in a template literal imports nothing, and what stands in its holes does', () => {
  const code = `const program = \`\nimport x from 'fastify';\nimport y from 'ß€😀';\n\${await import('zod')}\`;`;
  expect(faultsOf({ 'dist/index.js': code })).toEqual(['packages/x: zod is imported, and no dependency']);
});

test('names a type that comes from a package which is no dependency', () => {
  const declarations = `export declare const schema: import("zod").ZodType;\n`;
  expect(faultsOf({ 'dist/index.d.ts': declarations })).toEqual([
    'packages/x: zod is imported, and no dependency',
  ]);
});

test('names a dependency that nothing imports, and one in another version than the tested one', () => {
  const dependencies = { zod: '4.0.0', jose: '6.2.17' };
  expect(faultsOf({ 'dist/index.js': `import 'zod';` }, { dependencies })).toEqual([
    'packages/x: zod is 4.0.0 in the manifest, and 4.6.7 is what is tested',
    'packages/x: jose is a dependency, and not imported',
  ]);
});

test('names an import of a workspace, a word of the shop and a path of this machine, in any file', () => {
  const faults = faultsOf({
    'dist/index.js': `import { x } from '@signet/service';`,
    'dist/index.js.map': JSON.stringify({
      sourcesContent: [`const scope = 'catalog:write';`],
      sourceRoot: root,
    }),
    'README.md': 'Ask for an OrderConnection.',
  });
  expect(faults).toEqual([
    "packages/x: README.md names the demo shop's 'OrderConnection'",
    'packages/x: dist/index.js imports @signet/service, which is bundled everywhere',
    "packages/x: dist/index.js.map names the demo shop's 'catalog'",
    `packages/x: dist/index.js.map holds the path ${root}`,
    'packages/x: @signet/service is imported, and no dependency',
  ]);
});

test('names a link of a README that leads out of the package', () => {
  const readme = '[a](api.md) [b](https://example.com) [c](#use) [d](docs/d.md#top) [e](dist/index.js)';
  expect(faultsOf({ 'README.md': readme, 'dist/index.js': '' })).toEqual([
    'packages/x: README.md links to api.md, which the package does not hold',
    'packages/x: README.md links to docs/d.md, which the package does not hold',
  ]);
});
