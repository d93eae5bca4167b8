import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GraphqlAnswer, postGraphql, type TestDatabase } from '@signet/testing';
import { createSeededDatabase, seededPasswordCost } from '@signet/testing/seeded-database';
import { inject } from 'vitest';
import { listenersOf, portsFrom } from './ports.ts';
import type { PlatformOptions } from './start-platform.ts';

const root = join(import.meta.dirname, '../..');

/** Above lie the ports that systems give to outgoing connections: one of those may be taken between a look and the start. */
const portRange = { from: 10_000, to: 32_000 };
const portsPerPlatform = 30;
/** Test files that run at the same time never look at the same ports: as many as `maxWorkers` in vitest.config.ts. */
const poolSize = 4;
const lane = Number(process.env.VITEST_POOL_ID ?? 0) % poolSize;

/** The lane that the project of a test takes; see vitest.config.ts. */
function lanesOfRun(): Record<string, string> {
  const { LANES } = process.env;
  return LANES ? { LANES } : {};
}

/** A PORT_BASE above which every port of the platform is free right now. */
export function findFreePortBase(): Promise<number> {
  return findFreePlace((base) => {
    const ports = portsFrom(base);
    return [...listenersOf(ports, '127.0.0.1').map(({ port }) => port), ports.storefront, ports.postgres];
  });
}

/** Ports of 127.0.0.1 that nobody listens on, which no outgoing connection takes before they are used: 30 at most. */
export async function findFreePorts(count: number): Promise<number[]> {
  const portsOf = (base: number) => Array.from({ length: count }, (_, index) => base + index);
  return portsOf(await findFreePlace(portsOf));
}

/** Nobody may listen yet where the one before will. */
const given = new Set<number>();

async function findFreePlace(portsAt: (base: number) => readonly number[]): Promise<number> {
  const places = Math.floor((portRange.to - portRange.from) / portsPerPlatform / poolSize);
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const place = poolSize * Math.floor(Math.random() * places) + lane;
    const base = portRange.from + place * portsPerPlatform;
    if (given.has(base) || !(await Promise.all(portsAt(base).map(canListen))).every(Boolean)) continue;
    given.add(base);
    return base;
  }
  throw new Error('no free range of ports');
}

export function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** A folder for SIGNET_HOME that the database's own user may enter. */
export async function createHome(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'signet-home-'));
  await chmod(path, 0o711);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A SIGNET_HOME whose database is one of the run's server. */
export type HomeOnServer = {
  path: string;
  database: TestDatabase;
  /** By which the launcher, and commands of an operator, find both. */
  variables: { SIGNET_HOME: string; DATABASE_URL: string };
  remove(): Promise<void>;
};

/** With the development seed. What the launcher does with a database of its own is what start.e2e.ts shows. */
export async function createSeededHome(): Promise<HomeOnServer> {
  return createHomeOn(await createSeededDatabase());
}

/** With the passwords of the run's roles, which belong to the whole server, and the pepper of its seeded accounts. */
export async function createHomeOn(database: TestDatabase): Promise<HomeOnServer> {
  const home = await createHome();
  const { passwords, pepper } = inject('testCluster');
  const write = (name: string, text: string) => writeFile(join(home.path, name), text, { mode: 0o600 });
  await write('database-passwords.json', JSON.stringify(passwords));
  await write('password-pepper', pepper);
  return {
    path: home.path,
    database,
    variables: { SIGNET_HOME: home.path, DATABASE_URL: database.adminUrl },
    async remove() {
      await Promise.all([home.remove(), database.drop()]);
    },
  };
}

/** The password of every account of the development seed. */
export const seedPassword = 'correct horse battery staple';
const entrances = { graph: 0, user: 1, portal: 2 };
type Entrance = keyof typeof entrances;

export type TestPlatform = {
  portBase: number;
  home: HomeOnServer;
  urlOf(entrance: Entrance): string;
  /** Asks an entrance, `graph` unless said. */
  ask(query: string, options?: AskOptions): Promise<GraphqlAnswer>;
  /** Signs an account of the seed in and returns its access token. */
  signIn(platform: 'user' | 'portal', email: string, headers?: Record<string, string>): Promise<string>;
  stop(): Promise<void>;
};
type AskOptions = {
  variables?: Record<string, unknown>;
  token?: string | undefined;
  entrance?: Entrance;
  headers?: Record<string, string>;
};

/**
 * Starts a platform with the development seed in this process, on free ports. For one test file, in `beforeAll`. Passwords cost as little
 * as those of the seeded accounts.
 */
export async function startTestPlatform(
  env: Record<string, string> = {},
  options: PlatformOptions = {},
): Promise<TestPlatform> {
  const home = await createSeededHome();
  const portBase = await findFreePortBase();
  const { startPlatform } = await import('./start-platform.ts');
  await import('./servers.ts'); // Else a busy machine loads modules while connections to the database wait for an answer.
  const platform = await startPlatform(
    {
      PORT_BASE: String(portBase),
      CONSOLE: 'no',
      STOREFRONT: 'no',
      EXPLORER: 'no',
      ...home.variables,
      LOG_LEVEL: 'fatal',
      ...lanesOfRun(),
      ...env,
    },
    { print: () => {}, ...options, auth: { passwordCost: seededPasswordCost, ...options.auth } },
  );
  const urlOf = (entrance: Entrance) => `http://localhost:${portBase + entrances[entrance]}/graphql`;
  const ask: TestPlatform['ask'] = (query, { variables = {}, entrance = 'graph', token, headers } = {}) =>
    postGraphql(
      urlOf(entrance),
      { query, variables },
      { ...(token && { token }), ...(headers && { headers }) },
    );
  return {
    portBase,
    home,
    urlOf,
    ask,
    async signIn(name, email, headers) {
      const field = name === 'user' ? 'login' : 'portalLogin';
      const query = `mutation ($input: LoginInput!) { it: ${field}(input: $input) { accessToken } }`;
      const variables = { input: { email, password: seedPassword } };
      const { body } = await ask(query, { variables, ...(headers && { headers }) });
      return String(body.data.it.accessToken);
    },
    async stop() {
      await platform.stop();
      await home.remove();
    },
  };
}

export type StartedProcess = {
  child: ChildProcess;
  /** All that it has printed, both streams. */
  output(): string;
  /** Waits for a text in the output; fails with the output when the process ends before. */
  waitFor(text: string | RegExp): Promise<void>;
  /** Exit code and how long it took from now. */
  exit(): Promise<{ code: number | null; signal: NodeJS.Signals | null; ms: number }>;
};

/** Runs a command of `signet` without npm, which takes half a second of CPU. What npm's scripts call is tried in start.e2e.ts. */
export function startSignet(args: readonly string[], env: Record<string, string>): StartedProcess {
  return startProcess(process.execPath, ['cli/bin/signet.mjs', ...args], env);
}

/** Runs a command at the root of the repository, as a user would. */
export function startProcess(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): StartedProcess {
  const { DATABASE_URL: _url, NODE_ENV: _environment, ...inherited } = process.env;
  const child = spawn(command, [...args], {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const waiters = new Set<() => void>();
  const onText = (chunk: Buffer) => {
    text += chunk;
    for (const check of waiters) check();
  };
  child.stdout?.on('data', onText);
  child.stderr?.on('data', onText);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  return {
    child,
    output: () => text,
    waitFor: (wanted) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) {
            waiters.delete(check);
            resolve();
          }
        };
        waiters.add(check);
        check();
        void exited.then(({ code }) => reject(new Error(`ended with ${code} before ${wanted}:\n${text}`)));
      }),
    async exit() {
      const startedAt = performance.now();
      return { ...(await exited), ms: performance.now() - startedAt };
    },
  };
}
