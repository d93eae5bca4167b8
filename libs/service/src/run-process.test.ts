import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

const index = new URL('./run-process.ts', import.meta.url).href;
const config = new URL('./config.ts', import.meta.url).href;

/** Runs `runProcess(start)` in a process of its own. */
function run(start: string): { child: ChildProcess; output: () => string } {
  const code = `import { runProcess } from '${index}'; import { ConfigError } from '${config}'; await runProcess(${start});`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'pipe' });
  let text = '';
  child.stdout?.on('data', (piece) => {
    text += piece;
  });
  child.stderr?.on('data', (piece) => {
    text += piece;
  });
  return { child, output: () => text };
}

async function runUntilReady(stop: string) {
  const started = run(
    `async () => { setInterval(() => {}, 1000); console.log('ready'); return { ${stop} }; }`,
  );
  await once(started.child.stdout as NodeJS.EventEmitter, 'data');
  return started;
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  'stops in order on %s; a second signal changes nothing',
  async (signal) => {
    const { child, output } = await runUntilReady(
      `async stop() { console.log('stopping'); await new Promise((r) => setTimeout(r, 200)); console.log('stopped'); }`,
    );
    child.kill(signal);
    await once(child.stdout as NodeJS.EventEmitter, 'data');
    child.kill(signal);
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(output()).toBe('ready\nstopping\nstopped\n');
  },
);

test('a stop that fails is exit 1 with the cause', async () => {
  const { child, output } = await runUntilReady(`async stop() { throw new Error('the pool hangs'); }`);
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(output()).toContain('the pool hangs');
});

test('a fault of the configuration is a line a fault and exit 1, without a stack', async () => {
  const { child, output } = run(
    `async () => { throw new ConfigError(['PORT: is not set', 'KEY: is not set']); }`,
  );
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(output()).toBe('The configuration is not valid:\n  PORT: is not set\n  KEY: is not set\n');
});
