import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startEmbeddedPostgres } from '@signet/db/embedded';
import { createRunFolder } from '@signet/testing/run-folder';
import { Encrypter } from 'age-encryption';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from './run-command.test-support.ts';

const signet = join(import.meta.dirname, '../bin/signet.mjs');
const passphrase = 'long enough for a backup';
let folder: string;
/** A home with a migrated database and a tenant, and a backup of it without and one with a passphrase. */
let home: string;
let plain: string;
let encrypted: string;
/** The first one, encrypted with so little work that wrong files and passphrases are refused at once. */
let quick: string;
/** Of each test. */
let work: string;

beforeAll(async () => {
  folder = await createRunFolder();
  home = join(folder, 'home');
  [plain, encrypted] = [join(folder, 'plain.tar.gz'), join(folder, 'backup.tar.gz.age')];
  await writeFile(join(folder, 'passphrase'), `${passphrase}\n`);
  expect((await signetIn(home, 'db migrate')).code).toBe(0);
  expect((await signetIn(home, 'db create-tenant --slug acme --name Acme')).code).toBe(0);
  await mkdir(join(home, 'proof', 'auth'), { recursive: true });
  await writeFile(join(home, 'proof', 'auth', 'key'), 'a secret', { mode: 0o600 });
  expect((await signetIn(home, `backup ${plain}`)).code).toBe(0);
  expect(
    (await signetIn(home, `backup ${encrypted} --passphrase-file ${join(folder, 'passphrase')}`)).code,
  ).toBe(0);
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(4);
  quick = join(folder, 'quick.tar.gz.age');
  await writeFile(quick, await encrypter.encrypt(await readFile(plain)));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  work = join(folder, 'work');
  await mkdir(work);
  await chmod(work, 0o711);
});
afterEach(() => rm(work, { recursive: true, force: true }));

const signetIn = (signetHome: string, words: string) => run(words, { env: { SIGNET_HOME: signetHome } });

/** In a process of its own, which has so many blocks of 512 bytes for a file at most. */
function spawnSignet(args: string[], signetHome: string, blocks = 'unlimited'): ChildProcess {
  const env = { PATH: process.env.PATH, SIGNET_HOME: signetHome };
  return spawn(
    'sh',
    ['-c', 'ulimit -f "$1"; shift; exec "$@"', 'sh', blocks, process.execPath, signet, ...args],
    {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
}

async function finish(child: ChildProcess): Promise<{ code: number | null; err: string }> {
  const [[code], err] = await Promise.all([
    once(child, 'close'),
    text(child.stderr as NodeJS.ReadableStream),
  ]);
  return { code, err };
}

/** Nothing is in the folder of the test but this. */
const left = async () => (await readdir(work)).sort();

describe('signet backup', () => {
  it('writes a file that only its owner reads, and shows no secret', async () => {
    expect((await stat(plain)).mode & 0o777).toBe(0o600);
    const opened = await readFile(encrypted, 'latin1');
    expect(opened).toMatch(/^age-encryption\.org\/v1\n-> scrypt \S+ 18\n/);
  });

  it.each([
    ['a file that is there already', () => `backup ${plain}`, /is there already/],
    ['a file in the home itself', () => `backup ${join(home, 'file')}`, /lies in SIGNET_HOME/],
    ['a folder that is not there', () => `backup ${join(work, 'no', 'file')}`, /no such folder/],
    ['a home without a database', () => `backup ${join(work, 'file')}`, /there is no database/, 'nowhere'],
    [
      'a short passphrase',
      () => `backup ${join(work, 'file')} --passphrase-file ${join(work, 'short')}`,
      /16 characters/,
    ],
  ])('refuses %s, and leaves nothing', async (_title, words, fault, at = 'home') => {
    await writeFile(join(work, 'short'), 'secret');
    const { code, err } = await signetIn(join(folder, at), words());
    expect([code, err]).toEqual([1, expect.stringMatching(fault)]);
    expect(err).not.toMatch(/ at |\n./);
    expect(await left()).toEqual(['short']);
  });

  it('refuses a server of somebody else, which pg_dump is for', async () => {
    const env = { SIGNET_HOME: home, DATABASE_URL: 'postgres://admin:secret@db.example/signet' };
    const { code, err } = await run(`backup ${join(work, 'file')}`, { env });
    expect([code, err]).toEqual([1, expect.stringContaining('pg_dump')]);
    expect(err).not.toContain('secret@');
  });

  it('leaves no file on a disk without room', async () => {
    // The server has room: it is not a child of the process that has none.
    const server = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), port: 0 });
    const args = ['backup', join(work, 'file')];
    const { code, err } = await finish(spawnSignet(args, home, '2048')).finally(server.stop);
    const fault = /^No backup was made in .*file: a file may not become that large here\.\n$/;
    expect([code, err]).toEqual([1, expect.stringMatching(fault)]);
    expect(await left()).toEqual([]);
  });
});

describe('signet restore', () => {
  const statusOf = async (signetHome: string) =>
    (await signetIn(signetHome, 'db create-tenant --slug acme --name Acme')).err;

  it('makes the home as it was, with every secret, from a file without and one with a passphrase', async () => {
    const target = join(work, 'home');
    await mkdir(target); // Empty.
    const { code, out, err } = await signetIn(
      target,
      `restore ${encrypted} --passphrase-file ${join(folder, 'passphrase')}`,
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('user: ended 0 sessions');
    for (const name of ['database-passwords.json', 'password-pepper', 'proof/auth/key']) {
      expect(await readFile(join(target, name))).toEqual(await readFile(join(home, name)));
      expect((await stat(join(target, name))).mode & 0o777).toBe(0o600);
    }
    expect(await statusOf(target)).toContain("There is a tenant 'acme' already");
    const other = join(work, 'other');
    expect((await signetIn(other, `restore ${plain}`)).code).toBe(0);
    expect(await statusOf(other)).toContain("There is a tenant 'acme' already");
  });

  /** Changes one byte of a copy, or cuts it. */
  async function spoil(file: string, { at, keep }: { at?: number; keep?: number }): Promise<string> {
    const copy = join(work, 'spoilt');
    await copyFile(file, copy);
    const { size } = await stat(copy);
    const handle = await open(copy, 'r+');
    if (keep !== undefined) await handle.truncate(Math.floor(size * keep));
    if (at !== undefined) {
      const place = Math.floor(size * at);
      const byte = Buffer.alloc(1);
      await handle.read(byte, 0, 1, place);
      await handle.write(Buffer.from([(byte[0] as number) ^ 1]), 0, 1, place);
    }
    await handle.close();
    return copy;
  }

  it.each([
    ['a changed byte in the middle', () => plain, { at: 0.5 }],
    ['a file without its last bytes', () => plain, { keep: 0.9999 }],
    ['an empty file', () => plain, { keep: 0 }],
    ['half an encrypted file', () => quick, { keep: 0.5 }],
    ['a file that is no backup', () => signet, {}],
  ])('refuses %s, and leaves no home', async (_title, file, fault) => {
    const copy = await spoil(file(), fault);
    const { code, err } = await signetIn(
      join(work, 'home'),
      `restore ${copy} --passphrase-file ${join(folder, 'passphrase')}`,
    );
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^.*spoilt is damaged, or not a backup \(.*\)\. Nothing was restored\.\n$/),
    ]);
    expect(await left()).toEqual(['spoilt']);
  });

  it('refuses a wrong passphrase, and a missing one', async () => {
    await writeFile(join(work, 'wrong'), `${passphrase}!`);
    const target = join(work, 'home');
    const wrong = await signetIn(target, `restore ${quick} --passphrase-file ${join(work, 'wrong')}`);
    expect([wrong.code, wrong.err]).toEqual([
      1,
      expect.stringMatching(/^The passphrase does not open .*\n$/),
    ]);
    const missing = await signetIn(target, `restore ${quick}`);
    expect([missing.code, missing.err]).toEqual([
      1,
      expect.stringContaining('is encrypted: give its passphrase'),
    ]);
    expect(await left()).toEqual(['wrong']);
  });

  it('replaces no home that holds something, whether a server runs there or not', async () => {
    const before = await readdir(home);
    const { code, err } = await signetIn(home, `restore ${plain}`);
    expect([code, err]).toEqual([1, expect.stringContaining('a restore replaces nothing')]);
    expect(await readdir(home)).toEqual(before);
  });

  it('leaves no home on a disk without room', async () => {
    const { code, err } = await finish(spawnSignet(['restore', plain], join(work, 'home'), '20000'));
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^Nothing was restored to .*: a file may not become that large there\.\n$/),
    ]);
    expect(await left()).toEqual([]);
  });

  it('leaves no home when it is killed; the next one clears away what it left and restores', async () => {
    const target = join(work, 'home');
    const child = spawnSignet(['restore', plain], target);
    const isUnderWay = async () => {
      const [draft] = await left();
      return (
        draft !== undefined &&
        (await readdir(join(work, draft, 'home')).catch((): string[] => [])).includes('postgres')
      );
    };
    await expect.poll(isUnderWay, { interval: 5 }).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(await left()).toEqual([expect.stringMatching(/^home\.restore-\d+-/)]);
    expect((await signetIn(target, `restore ${plain}`)).code).toBe(0);
    expect(await left()).toEqual(['home']);
  });
});
