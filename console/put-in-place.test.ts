import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = `
  import { mkdtempSync, writeFileSync } from 'node:fs';
  import { putInPlace } from ${JSON.stringify(join(import.meta.dirname, 'put-in-place.ts'))};
  for (let n = 0; n < 300; n += 1) {
    const made = mkdtempSync(process.argv[1] + '/.building-');
    for (const name of ['index.html', 'stamp']) writeFileSync(made + '/' + name, String(n));
    putInPlace(made, process.argv[1] + '/dist');
  }
`;

test('two builds that end at once both succeed, and leave one folder', async () => {
  const root = mkdtempSync(join(tmpdir(), 'signet-console-'));
  const build = () =>
    promisify(execFile)(process.execPath, ['--input-type=module-typescript', '--eval', program, root]);
  await Promise.all([build(), build()]);
  expect(readdirSync(root)).toEqual(['dist']);
  expect(readdirSync(join(root, 'dist'))).toEqual(['index.html', 'stamp']);
  rmSync(root, { recursive: true });
});
