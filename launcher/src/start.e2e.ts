import { existsSync } from 'node:fs';
import { utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { copyDatabase } from '@signet/testing/database';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  canListen,
  createHome,
  createHomeOn,
  createSeededHome,
  findFreePortBase,
  type StartedProcess,
  seedPassword,
  startProcess,
} from './platform.test-support.ts';
import { listenersOf, portsFrom } from './ports.ts';

let home: Awaited<ReturnType<typeof createHome>>;
let portBase: number;
const started: StartedProcess[] = [];

beforeEach(async () => {
  home = await createHome();
  portBase = await findFreePortBase();
});
afterEach(async () => {
  for (const { child } of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
  await waitUntil(() => canListen(portsFrom(portBase).postgres));
  await home.remove();
});

function npmStart(env: Record<string, string> = {}): StartedProcess {
  return start('npm', ['start'], env);
}

/** Without npm: a signal reaches the process itself, and half a second of CPU is saved. */
function signetStart(env: Record<string, string> = {}): StartedProcess {
  return start(process.execPath, ['cli/bin/signet.mjs', 'start'], env);
}

function start(command: string, args: readonly string[], env: Record<string, string>): StartedProcess {
  const variables = { PORT_BASE: String(portBase), SIGNET_HOME: home.path, ...env };
  const platform = startProcess(command, args, variables);
  started.push(platform);
  return platform;
}

async function waitUntil(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100 && !(await condition()); attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function allPortsFree(): Promise<boolean> {
  const ports = portsFrom(portBase);
  return (
    await Promise.all(
      [...listenersOf(ports, '127.0.0.1').map(({ port }) => port), ports.postgres].map(canListen),
    )
  ).every(Boolean);
}

async function query<T>(text: string, token?: string): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${portBase}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query: text }),
  });
  return ((await response.json()) as { data: T }).data;
}

const signInAda = `mutation { login(input: { email: "ada@example.com", password: "${seedPassword}" }) { accessToken expiresIn } }`;
async function logIn(): Promise<{ accessToken: string; expiresIn: number }> {
  return (await query<{ login: { accessToken: string; expiresIn: number } }>(signInAda)).login;
}
async function signIn(): Promise<string> {
  return (await logIn()).accessToken;
}

test('starts with one command, shows accounts and URLs, ends on SIGTERM with the database, and keeps its data; starts again after it was killed', async () => {
  const begun = performance.now();
  const first = npmStart();
  await first.waitFor('Signet is ready');
  const startMs = performance.now() - begun;
  expect(first.output()).toContain(`http://localhost:${portBase}/graphql`);
  expect(first.output()).toContain('ada@example.com');
  expect(first.output()).toContain('admin@example.com   (super_admin)');
  expect(first.output()).toContain(seedPassword);
  expect(first.output()).toContain(home.path);

  const token = await signIn();
  const before = await readOwn(token);

  first.child.kill('SIGTERM');
  const { code, ms } = await first.exit();
  expect(code).toBe(0);
  expectSoon(ms, startMs);
  expect(await allPortsFree()).toBe(true);

  const second = signetStart({ USER_ACCESS_TOKEN_SECONDS: '5' });
  await second.waitFor('Signet is ready');
  // The token of before still holds: keys and data are the same.
  expect(await readOwn(token)).toEqual(before);
  // What auth reads from the environment of its own process works under the launcher.
  expect(await logIn()).toMatchObject({ expiresIn: 5 });
  second.child.kill('SIGKILL');
  await second.exit();

  const third = npmStart();
  await third.waitFor('Signet is ready');
  expect(await signIn()).toMatch(/^ey/);
  third.child.kill('SIGINT');
  third.child.kill('SIGINT');
  expect(await third.exit()).toMatchObject({ code: 0 });
  expect(await allPortsFree()).toBe(true);
});

/** A platform ends within 5 s, or on a busy machine within the time that its start took there: it is a small part of that. */
function expectSoon(ms: number, startMs: number): void {
  expect(ms).toBeLessThan(Math.max(5000, startMs));
}

/** Ids are random in each seed, and a session is written at a sign-in. */
async function readOwn(token: string): Promise<unknown> {
  const { me, mySessions } = await query<{ me: { id: string }; mySessions: { id: string }[] }>(
    '{ me { id } mySessions { id } }',
    token,
  );
  expect([me.id, mySessions.length]).toEqual([expect.any(String), 1]);
  return { me, mySessions };
}

test('starts again after it was killed while the database was being made; opens the entrances at HOST, and nothing else beyond this machine', async () => {
  const first = signetStart();
  await new Promise((resolve) => setTimeout(resolve, 700));
  first.child.kill('SIGKILL');
  await first.exit();
  // Another address of the loopback network stands for one that others reach.
  const host = '127.0.0.2';
  const platform = npmStart({ HOST: host, ALLOWED_HOSTS: host });
  await platform.waitFor('Signet is ready');
  expect(platform.output()).toContain(`http://${host}:${portBase}/graphql`);
  const response = await fetch(`http://${host}:${portBase}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: signInAda }),
  });
  expect(await response.json()).toMatchObject({ data: { login: { accessToken: expect.any(String) } } });
  const { subgraphs, postgres } = portsFrom(portBase);
  for (const port of [...Object.values(subgraphs), postgres]) {
    await expect(fetch(`http://${host}:${port}/health/live`)).rejects.toThrow();
  }
  platform.child.kill('SIGTERM');
  expect((await platform.exit()).code).toBe(0);
});

test('npm run dev starts the platform anew when a source file changes', async () => {
  const seeded = await createSeededHome();
  const begun = performance.now();
  const dev = start('npm', ['run', 'dev'], seeded.variables);
  await dev.waitFor('Signet is ready');
  const startMs = performance.now() - begun;
  const now = new Date();
  await utimes(join(import.meta.dirname, 'start-platform.ts'), now, now);
  await dev.waitFor(/Changed: launcher[/\\]src[/\\]start-platform\.ts[\s\S]*Signet is ready/);
  expect(await signIn()).toMatch(/^ey/);
  dev.child.kill('SIGTERM');
  const { code, ms } = await dev.exit();
  expect(code).toBe(0);
  expectSoon(ms, startMs);
  expect(await allPortsFree()).toBe(true);
  await seeded.remove();
});

test('says which variable to change when a port is in use, before it touches the data folder', async () => {
  const taken = portsFrom(portBase).subgraphs.portal as number;
  const squatter: Server = createServer();
  await new Promise<void>((resolve) => squatter.listen(taken, '127.0.0.1', resolve));
  const platform = signetStart();
  expect((await platform.exit()).code).toBe(1);
  squatter.close();
  expect(errorLines(platform)).toEqual([
    `PORT_BASE: port ${taken} is in use on 127.0.0.1; stop what listens there or set PORT_BASE to move every port`,
  ]);
});

test('says which variable to change when the data folder can not be written', async () => {
  const blocked = join(home.path, 'file');
  await writeFile(blocked, '');
  const platform = signetStart({ SIGNET_HOME: join(blocked, 'home') });
  expect((await platform.exit()).code).toBe(1);
  const lines = errorLines(platform);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('SIGNET_HOME');
});

test.each([
  ['nothing listens there', (port: number) => `postgres://postgres:secret-word@127.0.0.1:${port}/signet`],
  ['there is no such host', () => 'postgres://postgres:secret-word@host.invalid:5432/signet'],
])('says DATABASE_URL can not be reached because %s, without its password', async (reason, urlFrom) => {
  const platform = signetStart({ DATABASE_URL: urlFrom(portBase + 25) });
  expect((await platform.exit()).code).toBe(1);
  const lines = errorLines(platform);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/DATABASE_URL: can't use PostgreSQL at/);
  expect(lines[0]).toContain(reason === 'there is no such host' ? 'host' : reason);
  expect(platform.output()).not.toContain('secret-word');
});

test('lists every fault of the configuration at once', async () => {
  const platform = signetStart({
    PORT_BASE: 'many',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://root@localhost/x',
  });
  expect((await platform.exit()).code).toBe(1);
  expect(errorLines(platform).map((line) => line.split(':')[0])).toEqual([
    'PORT_BASE',
    'DATABASE_URL',
    'LOG_LEVEL',
  ]);
});

test('names a mistyped setting with the right one, and what it sets itself, before it touches the data folder', async () => {
  const untouched = join(home.path, 'new');
  const platform = signetStart({
    SIGNET_HOME: untouched,
    USER_ACCES_TOKEN_SECONDS: '5',
    USER_DATABASE_URL: 'postgres://x:secret-word@h/d',
  });
  expect((await platform.exit()).code).toBe(1);
  expect(platform.output()).toContain(
    'USER_ACCES_TOKEN_SECONDS: is not a setting. Did you mean USER_ACCESS_TOKEN_SECONDS?',
  );
  expect(platform.output()).toContain('USER_DATABASE_URL: npm start sets this itself; use DATABASE_URL');
  expect(platform.output()).not.toContain('secret-word');
  expect(existsSync(untouched)).toBe(false);
});

test('seeds no database that it did not make, unless that is empty and it is asked to', async () => {
  const { database, variables, remove } = await createHomeOn(await copyDatabase('template0'));
  try {
    const unasked = signetStart({ ...variables, DEFAULT_TENANT: 'acme' });
    await unasked.waitFor('Signet is ready');
    expect(unasked.output()).not.toContain('ada@example.com');
    unasked.child.kill('SIGTERM');
    await unasked.exit();

    await database.addTenant('acme');
    const refused = signetStart({ ...variables, SEED: 'development' });
    expect((await refused.exit()).code).toBe(1);
    expect(errorLines(refused)[0]).toMatch(/SEED: The database has tenants already \(acme\)/);
  } finally {
    await remove();
  }
});

/** The lines for the user, without npm's and without a heading. */
function errorLines(platform: StartedProcess): string[] {
  return platform
    .output()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /\b(PORT_BASE|SIGNET_HOME|DATABASE_URL|LOG_LEVEL|SEED|HOST)\b/.test(line));
}
