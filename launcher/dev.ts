import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const watched = ['db', 'gateway', 'launcher', 'libs', 'schema', 'subgraphs'];
const settleMs = 200;

let platform: ChildProcess | undefined;
let isStopping = false;
let changed = new Set<string>();
let pending: NodeJS.Timeout | undefined;
let restarting: Promise<void> = Promise.resolve();

/** `npm run dev`: the platform, started anew whenever a source file changes; changed SDL is composed first. */
function startPlatform(): void {
  platform = spawn(process.execPath, [join(root, 'launcher', 'main.ts')], { stdio: 'inherit' });
  platform.once('exit', (code) => {
    platform = undefined;
    if (!isStopping && code) {
      console.error('The platform ended. Waiting for a change.');
    }
  });
}

async function stopPlatform(): Promise<void> {
  const running = platform;
  if (running && running.exitCode === null) {
    running.kill('SIGTERM');
    await once(running, 'exit');
  }
}

async function compose(): Promise<boolean> {
  const child = spawn(process.execPath, [join(root, 'schema', 'compose.ts')], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}

async function restart(files: ReadonlySet<string>): Promise<void> {
  if (isStopping) {
    return;
  }
  console.log(`Changed: ${[...files].join(', ')}`);
  const changesSchema = [...files].some((file) => /\.graphql$|models\.ts$/.test(file));
  if (changesSchema && !(await compose())) {
    return;
  }
  await stopPlatform();
  if (!isStopping) {
    startPlatform();
  }
}

function onChange(file: string): void {
  const isSource =
    /\.(ts|graphql|js|css)$/.test(file) &&
    !/\.(test|e2e|generated)\.ts$|[\\/]generated[\\/]|node_modules/.test(file);
  if (!isSource) {
    return;
  }
  changed.add(file);
  clearTimeout(pending);
  pending = setTimeout(() => {
    const files = changed;
    changed = new Set();
    restarting = restarting.then(() => restart(files));
  }, settleMs);
}

async function stop(): Promise<void> {
  if (isStopping) {
    return;
  }
  isStopping = true;
  clearTimeout(pending);
  await restarting;
  await stopPlatform();
  process.exit(0);
}

process.on('SIGINT', stop);
process.on('SIGTERM', stop);
for (const folder of watched) {
  watch(join(root, folder), { recursive: true }, (_event, name) => name && onChange(join(folder, name)));
}
startPlatform();
