import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRunFolder } from '@signet/testing/run-folder';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseStartError, explainFolderError } from './errors.ts';
import { findRunningPostgres, startEmbeddedPostgres } from './index.ts';
import { isPostgres } from './processes.ts';
import { findFreePort } from './server.ts';

let folder: string;
let dataDir: string;
/** Undone after each test, latest first. */
let cleanups: (() => unknown)[];
/** Holds a data folder that was initialised, for tests that need one and not the initialising. */
let initialised: string;

beforeAll(async () => {
  initialised = await createRunFolder();
  const server = await startEmbeddedPostgres({ dataDir: join(initialised, 'pg'), port: 0, durable: false });
  await server.stop();
});
afterAll(() => rm(initialised, { recursive: true, force: true }));

beforeEach(async () => {
  folder = await createRunFolder();
  dataDir = join(folder, 'home', 'pg');
  cleanups = [];
});
afterEach(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: { dataDir?: string; port?: number; log?: (line: string) => void } = {}) {
  const server = await startEmbeddedPostgres({ dataDir, port: 0, durable: false, ...options });
  cleanups.push(() => server.stop());
  return server;
}

/** As an earlier start left it: takes a tenth of the CPU of another `initdb`. */
async function useInitialised(): Promise<void> {
  await mkdir(join(folder, 'home'));
  await chmod(join(folder, 'home'), 0o711);
  await promisify(execFile)('cp', ['-a', join(initialised, 'pg'), dataDir]);
}

/** In a process of its own, which the test may kill. */
async function startInChild(): Promise<{ child: ChildProcess; adminUrl: string; postgresPid: number }> {
  const script = join(import.meta.dirname, 'hold.test-support.ts');
  const child = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanups.push(() => child.kill('SIGKILL'));
  const [adminUrl] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  return { child, adminUrl: String(adminUrl), postgresPid: await readPid() };
}

async function readPid(): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postmaster.pid'), 'utf8'), 10);
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('it started'),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(DatabaseStartError);
  expect(error.message).not.toContain('\n');
  return error.message;
}

describe('startEmbeddedPostgres', () => {
  it('gives a UTF-8 server that asks for a password, kept where only its user can read it', async () => {
    const { adminUrl } = await start();
    expect(
      await query(adminUrl, 'select current_database() as db, getdatabaseencoding() as encoding'),
    ).toEqual([{ db: 'signet', encoding: 'UTF8' }]);
    const wrong = Object.assign(new URL(adminUrl), { password: 'guess' }).href;
    await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    const file = join(dataDir, 'signet-superuser-password');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toBe(new URL(adminUrl).password);
  });

  it('keeps the data for the next start', async () => {
    await useInitialised();
    const first = await start();
    await query(first.adminUrl, 'create table kept as select 42 as n');
    await first.stop();
    await first.stop();
    const second = await start();
    expect(await query(second.adminUrl, 'select n from kept')).toEqual([{ n: 42 }]);
  });

  it('ends with its parent, even by SIGKILL, and starts again at once', async () => {
    await useInitialised();
    const { child, adminUrl, postgresPid } = await startInChild();
    await query(adminUrl, 'create table kept as select 42 as n');
    child.kill('SIGKILL');
    const { adminUrl: nextUrl } = await start();
    expect(await query(nextUrl, 'select n from kept')).toEqual([{ n: 42 }]);
    expect(isPostgres(postgresPid)).toBe(false);
  });

  it('recovers from a server that was killed itself', async () => {
    await useInitialised();
    const { child, postgresPid } = await startInChild();
    process.kill(postgresPid, 'SIGKILL');
    child.kill('SIGKILL');
    await start();
  });

  it('recovers from a lock whose process id belongs to another program by now', async () => {
    await useInitialised();
    await writeFile(
      join(dataDir, 'postmaster.pid'),
      `${process.pid}\n${dataDir}\n1\n1\n\n127.0.0.1\n0 0\nready\n`,
    );
    await start();
  });

  it('takes an initialisation that was killed for none, and clears it away', async () => {
    const left = `${dataDir}.init-4194305-abc`;
    await mkdir(join(left, 'data'), { recursive: true });
    await chmod(join(folder, 'home'), 0o711);
    await writeFile(join(left, 'data', 'PG_VERSION'), '18\n');
    await start();
    expect(await readdir(join(folder, 'home'))).toEqual(['pg']);
  });

  it('is found by others while it runs, and not after', async () => {
    await useInitialised();
    const { adminUrl, stop } = await start();
    expect(await findRunningPostgres(dataDir)).toBe(adminUrl);
    await stop();
    expect(await findRunningPostgres(dataDir)).toBeUndefined();
  });

  it('stops within a second with clients connected', async () => {
    await useInitialised();
    const { adminUrl, stop } = await start();
    const client = new pg.Client({ connectionString: adminUrl });
    client.on('error', () => {});
    await client.connect();
    const sleeping = client.query('select pg_sleep(30)').catch(() => {});
    const started = performance.now();
    await stop();
    expect(performance.now() - started).toBeLessThan(1000);
    await sleeping;
  });
});

describe('a start that fails says in one line what to change', () => {
  it('a port in use: PORT_BASE', async () => {
    const port = await findFreePort();
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    cleanups.push(() => other.close());
    expect(await failureOf(start({ port }))).toBe(
      `Port ${port} (PostgreSQL) is in use: set PORT_BASE to move all ports.`,
    );
  });

  it('a folder that another server uses: SIGNET_HOME', async () => {
    await useInitialised();
    await start();
    expect(await failureOf(start())).toBe(
      `Another PostgreSQL uses ${dataDir}: end it, or set SIGNET_HOME to another folder.`,
    );
  });

  it('a folder that cannot be written: SIGNET_HOME', async () => {
    await writeFile(join(folder, 'file'), '');
    expect(await failureOf(start({ dataDir: join(folder, 'file', 'pg') }))).toMatch(
      /^The data folder .* SIGNET_HOME/,
    );
  });

  it.each([
    ['EACCES', 'is not writable'],
    ['EROFS', 'is on a read-only file system'],
    ['ENOSPC', 'is on a full disk'],
  ])('%s: the folder %s', (code, fault) => {
    const error = explainFolderError(Object.assign(new Error(), { code }), '/data/pg');
    expect((error as Error).message).toBe(
      `The data folder /data/pg ${fault}: set SIGNET_HOME to another one.`,
    );
  });

  it('a folder with something else in it: SIGNET_HOME, and what is there stays', async () => {
    await mkdir(dataDir, { recursive: true });
    await chmod(join(folder, 'home'), 0o711);
    await writeFile(join(dataDir, 'letter.txt'), 'dear');
    expect(await failureOf(start())).toMatch(/holds something else already: set SIGNET_HOME/);
    expect(await readdir(dataDir)).toEqual(['letter.txt']);
    expect(await readdir(join(folder, 'home'))).toEqual(['pg']);
  });

  it.each([17, 19])('data of PostgreSQL %i: the version that made it, or SIGNET_HOME', async (version) => {
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(dataDir, 'PG_VERSION'), `${version}\n`);
    expect(await failureOf(start())).toBe(
      `${dataDir} holds data of PostgreSQL ${version}, and this version of Signet runs PostgreSQL 18: ` +
        'start the version of Signet that made the data, or set SIGNET_HOME to another folder.',
    );
  });
});

// Only root has to run PostgreSQL as somebody else.
describe.runIf(process.getuid?.() === 0)('as root', () => {
  beforeEach(() => chmod(folder, 0o700));

  it('keeps the data below a folder that the server user may not enter, in a path with spaces and umlauts', async () => {
    dataDir = join(folder, 'x y', 'zürich ü', "it's", 'pg');
    const first = await start();
    await query(first.adminUrl, 'create table kept as select 42 as n');
    expect(await findRunningPostgres(dataDir)).toBe(first.adminUrl);
    await first.stop();
    const { child, adminUrl } = await startInChild();
    expect(await query(adminUrl, 'select n from kept')).toEqual([{ n: 42 }]);
    child.kill('SIGKILL');
    const third = await start();
    expect(await query(third.adminUrl, 'select n from kept')).toEqual([{ n: 42 }]);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    expect((await stat(dataDir)).uid).not.toBe(0);
  });

  it('takes the data along when the folder moves', async () => {
    await useInitialised();
    const first = await start();
    await query(first.adminUrl, 'create table kept as select 42 as n');
    await first.stop();
    await rename(join(folder, 'home'), join(folder, 'moved'));
    dataDir = join(folder, 'moved', 'pg');
    expect(await query((await start()).adminUrl, 'select n from kept')).toEqual([{ n: 42 }]);
  });

  it("names the folder in PostgreSQL's own errors", async () => {
    await useInitialised();
    await writeFile(join(dataDir, 'postgresql.conf'), 'nonsense = 1\n');
    const lines: string[] = [];
    expect(await failureOf(start({ log: (line) => lines.push(line) }))).toContain(
      `configuration file "${dataDir}/postgresql.conf" contains errors`,
    );
    expect(lines.join('\n')).not.toContain('/proc/');
  });
});
