import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, test } from 'vitest';
import { openLogOutput } from './log-output.ts';

const logger = join(import.meta.dirname, 'logger.ts');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-log-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs code that has a `logger`, in a process whose standard output is `stdout`. It says what it did on standard error. */
function run(code: string, stdout: number | 'pipe', stdin: 'ignore' | 'pipe' = 'ignore') {
  const script = `import { createLogger } from '${logger}'; const logger = createLogger('test', 'info'); ${code}`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: [stdin, stdout, 'pipe'],
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, exit, errors: text(child.stderr as NonNullable<typeof child.stderr>) };
}

const lines = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { n?: number; msg: string });

test.concurrent('no line is lost or there twice, also of those just before an exit', async ({ expect }) => {
  const path = join(folder, 'whole');
  const code = `
    for (let n = 0; n < 5000; n++) { logger.info({ n }, 'é'.repeat(50)); if (n % 500 === 0) await new Promise((r) => setTimeout(r, 15)); }
    process.exit(0);`;
  const { exit } = run(code, openSync(path, 'w'));
  expect(await exit).toBe(0);
  // What is written at the exit may come before what was under way.
  expect(
    lines(path)
      .map(({ n = -1 }) => n)
      .sort((a, b) => a - b),
  ).toEqual(Array.from({ length: 5000 }, (_, n) => n));
});

test.concurrent('a crash loses no line', async ({ expect }) => {
  const path = join(folder, 'crash');
  const { exit } = run(`logger.error('the cause'); throw new Error('crash');`, openSync(path, 'w'));
  expect(await exit).toBe(1);
  expect(lines(path).map(({ msg }) => msg)).toEqual(['the cause']);
});

test.concurrent('a full disk is said once, and ends nothing', async ({ expect }) => {
  const code = `
    for (let n = 0; n < 15; n++) { logger.info({ n }, 'line'); await new Promise((r) => setTimeout(r, 100)); }
    console.error('served on');`;
  const { exit, errors } = run(code, openSync('/dev/full', 'w'));
  expect(await exit).toBe(0);
  expect((await errors).trim().split('\n')).toEqual([
    'the log can not be written (ENOSPC): requests are served all the same',
    'served on',
  ]);
});

test.concurrent('a closed standard output is said once, and ends nothing', async ({ expect }) => {
  const code = `
    for (let n = 0; n < 15; n++) { logger.info({ n }, 'line'); await new Promise((r) => setTimeout(r, 100)); }
    console.error('served on');`;
  const { child, exit, errors } = run(code, 'pipe');
  child.stdout?.destroy();
  expect(await exit).toBe(0);
  expect((await errors).trim().split('\n')).toEqual([
    'the log can not be written (EPIPE): requests are served all the same',
    'served on',
  ]);
});

test.concurrent('an output that nobody reads holds a bounded number of lines, and stops no request', async ({
  expect,
}) => {
  const code = `
    const began = performance.now();
    for (let n = 0; n < 20_000; n++) { logger.info({ n }, 'x'.repeat(1000)); if (n % 100 === 0) await new Promise((r) => setImmediate(r)); }
    const { heapUsed } = process.memoryUsage();
    console.error(JSON.stringify({ isQuick: performance.now() - began < 20_000, isSmall: heapUsed < 100e6 }));
    process.kill(process.pid, 'SIGKILL');`;
  const { exit, errors } = run(code, 'pipe');
  await exit;
  expect(JSON.parse(await errors)).toEqual({ isQuick: true, isSmall: true });
});

test.concurrent('a process ends though nobody reads its output', async ({ expect }) => {
  const code = `
    for (let n = 0; n < 5000; n++) logger.info({ n }, 'x'.repeat(1000));
    await new Promise((r) => setTimeout(r, 500));
    process.exit(3);`;
  const { child, exit } = run(code, 'pipe');
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  expect(await exit).toBe(3);
  clearTimeout(timer);
});

test.concurrent('a reader that comes at the end gets every line that had room', async ({ expect }) => {
  const code = `
    for (let n = 0; n < 2000; n++) logger.info({ n }, 'x'.repeat(1000));
    await new Promise((r) => setTimeout(r, 500));
    console.error('written');
    process.exit(0);`;
  const { child, exit } = run(code, 'pipe');
  await new Promise((resolve) => child.stderr?.once('data', resolve));
  const read = (await text(child.stdout as NonNullable<typeof child.stdout>)).trim().split('\n');
  expect(await exit).toBe(0);
  expect(read.map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 2000 }, (_, n) => n));
});

test.concurrent('says how many lines were lost where nobody read for a while', async ({ expect }) => {
  const code = `
    for (let n = 0; n < 20_000; n++) { logger.info({ n }, 'x'.repeat(1000)); if (n % 100 === 0) await new Promise((r) => setImmediate(r)); }
    console.error('written');
    process.stdin.resume().on('end', () => process.exit(0));`;
  const { child, exit, errors } = run(code, 'pipe', 'pipe');
  child.stderr?.once('data', () => {
    child.stdout?.resume();
    child.stderr?.once('data', () => child.stdin?.end());
  });
  expect(await exit).toBe(0);
  expect(await errors).toMatch(/^written\nthe log is written again; [1-9]\d{3,} lines were lost\n/);
});

test('writes over no memory but its own, however long a line is', async ({ expect }) => {
  const output = openLogOutput({ fd: openSync(join(folder, 'long'), 'w') });
  const kept: Buffer[] = [];
  const texts: string[] = [];
  for (const length of [10, 88_000, 100_000, 128_000, 160_000, 280_000, 10]) {
    // Small ones are parts of one pool of Node's, as those of every other module are.
    for (let count = 0; count < 20; count++) {
      texts.push(`of another module ${texts.length}`);
      kept.push(Buffer.from(texts.at(-1) as string));
    }
    output.write(`${'x'.repeat(length)}\n`);
    await sleep(150);
    for (let count = 0; count < 40; count++) output.write(`${'y'.repeat(1000)}\n`);
    await sleep(150);
  }
  expect(kept.map(String)).toEqual(texts);
});
