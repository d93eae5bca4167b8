import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { action, addExample, type CommandModule, type Context, messageOf } from './command.ts';

const root = join(import.meta.dirname, '../..');
const signet = join(root, 'cli', 'bin', 'signet.mjs');
const watched = ['db', 'gateway', 'launcher', 'libs', 'schema', 'subgraphs'];
/** Where the schema comes from, beside resolver types: SDL, and the roles and scopes of the contract. */
const schemaSources = [
  'schema/*.graphql',
  'schema/shared/*.graphql',
  'subgraphs/*/src/**/*.graphql',
  'schema/contract/scopes.ts',
  'schema/contract/staff-roles.ts',
];
const settleMs = 200;

/** `npm start`: everything in this process, until a signal ends it. */
export const start: CommandModule = {
  define(command, context) {
    addExample(
      command.description(
        'Starts the database, every subgraph and the gateway on this machine, each as a real HTTP server. The first start fills ' +
          'the database with development data. docs/settings.md lists the variables, PORT_BASE and SIGNET_HOME first.',
      ),
      'PORT_BASE=5000 npm start',
    ).action(
      action(context, messageOf, async () => {
        const [{ startPlatform }, { runProcess }] = await Promise.all([
          import('@signet/launcher'),
          import('@signet/service'),
        ]);
        await runProcess(async () => {
          const platform = await startPlatform(context.env);
          const stopCheck = checkComposed(context);
          return {
            stop() {
              stopCheck();
              return platform.stop();
            },
          };
        });
      }),
    );
  },
};

/** A checkout writes all files, in any order: by their times the SDL is a moment newer, and is not looked at for that at each start. */
const checkoutMs = 10_000;

/**
 * Says which generated files are out of date, beside the running platform: it serves the schema that was composed last, whatever the SDL
 * and the roles say. Where none of these is newer than that, nothing is composed. Returns what ends the check.
 */
function checkComposed({ printError }: Context): () => void {
  const timeOf = (file: string) => statSync(join(root, file)).mtimeMs;
  const composedAt = timeOf('schema/generated/supergraph.graphql');
  const sources = globSync(schemaSources, { cwd: root });
  if (!sources.some((file) => timeOf(file) > composedAt + checkoutMs)) return () => {};
  const child = spawn(process.execPath, [signet, 'compose', '--check'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let faults = '';
  child.stderr.on('data', (chunk: Buffer) => {
    faults += chunk;
  });
  child.once('error', () => {});
  child.once('close', (code) => {
    if (code) printError(`What runs here is the schema that was composed last. ${faults.trim()}`);
  });
  child.unref();
  return () => child.kill();
}

/** `npm run dev`: the platform in a process of its own, started again whenever a source file changes. */
export const dev: CommandModule = {
  define(command, context) {
    addExample(
      command.description(
        `Starts what 'signet start' starts, and starts it again whenever a source file changes. Changed SDL is composed first.`,
      ),
      'npm run dev',
    ).action(action(context, messageOf, watchSources));
  },
};

let platform: ChildProcess | undefined;
let isStopping = false;
let changed = new Set<string>();
let pending: NodeJS.Timeout | undefined;
let restarting: Promise<void> = Promise.resolve();

function startChild(): void {
  platform = spawn(process.execPath, [signet, 'start'], { stdio: 'inherit' });
  platform.once('exit', (code) => {
    platform = undefined;
    if (!isStopping && code) {
      console.error('The platform ended. Waiting for a change.');
    }
  });
}

async function stopChild(): Promise<void> {
  const running = platform;
  if (running && running.exitCode === null) {
    running.kill('SIGTERM');
    await once(running, 'exit');
  }
}

async function compose(): Promise<boolean> {
  const child = spawn(process.execPath, [signet, 'compose'], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}

async function restart(files: ReadonlySet<string>): Promise<void> {
  if (isStopping) {
    return;
  }
  console.log(`Changed: ${[...files].join(', ')}`);
  const changesSchema = [...files].some((file) =>
    /\.graphql$|models\.ts$|contract[\\/](scopes|staff-roles)\.ts$/.test(file),
  );
  if (changesSchema && !(await compose())) {
    return;
  }
  await stopChild();
  if (!isStopping) {
    startChild();
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
  await stopChild();
  process.exit(0);
}

function watchSources(): void {
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  for (const folder of watched) {
    watch(join(root, folder), { recursive: true }, (_event, name) => name && onChange(join(folder, name)));
  }
  startChild();
}
