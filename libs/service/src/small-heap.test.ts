import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'signet-heap-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const script = join(folder, 'start.mjs');
writeFileSync(
  script,
  `import { startAgainWithSmallHeap } from ${JSON.stringify(new URL('../small-heap.mjs', import.meta.url).href)};
startAgainWithSmallHeap();
const said = JSON.stringify({ flags: process.execArgv, argv: process.argv.slice(2), pid: process.pid, kept: process.env.KEPT });
if (process.send) process.send(said, () => process.disconnect());
else console.log(said);`,
);

async function start(flags: string[], env: Record<string, string> = {}) {
  const running = promisify(execFile)(process.execPath, [...flags, script, 'a', 'b c'], {
    env: { KEPT: 'yes', ...env },
  });
  const { stdout } = await running;
  return { ...JSON.parse(stdout), isSamePid: JSON.parse(stdout).pid === running.child.pid };
}

test('starts the process again with flags for the heap, and everything else as it was', async () => {
  expect(await start(['--trace-uncaught'])).toMatchObject({
    flags: ['--max-semi-space-size=16', '--heap-growing-percent=40', '--no-maglev', '--trace-uncaught'],
    argv: ['a', 'b c'],
    kept: 'yes',
    isSamePid: true,
  });
});

test.each<[string, string[], Record<string, string>]>([
  ['a flag', ['--max-semi-space-size=32'], {}],
  ['NODE_OPTIONS', [], { NODE_OPTIONS: '--max-semi-space-size=32' }],
])('leaves a size that is given by %s', async (_, flags, env) => {
  expect((await start(flags, env)).flags).toEqual(flags);
});

test('stays beside a parent that talks to it', async () => {
  const child = fork(script, { execArgv: [] });
  const [said] = await once(child, 'message');
  expect(JSON.parse(said).flags).toEqual([]);
});
