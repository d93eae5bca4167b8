import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/*
 * What packages for others have in place of gateway/src/pages/ruru-files.ts: the copy of the bundle beside the code, in `dist/ruru`.
 */
const load = createRequire(import.meta.url);

export const getStaticFile: typeof import('ruru/static').getStaticFile = (options) =>
  load('./ruru/static.js').getStaticFile(options);

/** A text that differs for every release of the bundle. */
export function readBundleVersion(): string {
  return readFileSync(join(import.meta.dirname, 'ruru/version.js'), 'utf8');
}
