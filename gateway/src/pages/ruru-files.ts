import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/*
 * The bundle of GraphiQL in the package `ruru`. The packed gateway holds a copy of it (packages/build/ruru-copy.ts): an installation of
 * `ruru` itself has 200 MB of dependencies that its bundle does not need.
 */
export { getStaticFile } from 'ruru/static';

/** A text that differs for every release of the bundle. */
export function readBundleVersion(): string {
  const entry = createRequire(import.meta.url).resolve('ruru/static');
  return readFileSync(join(entry, '../version.js'), 'utf8');
}
