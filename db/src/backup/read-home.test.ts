import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRunFolder } from '@signet/testing/run-folder';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readHome } from './backup.ts';

let home: string;
beforeEach(async () => {
  home = await createRunFolder();
  await mkdir(join(home, 'proof/auth'), { recursive: true });
  await mkdir(join(home, 'postgres/base'), { recursive: true });
  await writeFile(join(home, 'password-pepper'), 'one');
  await writeFile(join(home, 'proof/auth/key'), 'two');
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Makes and removes a folder in the database's, as a server does for temporary files. */
const churn = `
  const { mkdirSync, rmSync } = require('node:fs');
  for (;;) {
    mkdirSync(process.argv[1] + '/pgsql_tmp/fileset', { recursive: true });
    process.stdout.write('.');
    rmSync(process.argv[1] + '/pgsql_tmp', { recursive: true });
  }`;

it('reads the secrets while the server makes and removes folders of its own', async () => {
  for (let file = 0; file < 300; file++) await writeFile(join(home, `postgres/base/${file}`), '');
  const server = spawn(process.execPath, ['-e', churn, join(home, 'postgres/base')]);
  await once(server.stdout, 'data');
  server.stdout.resume();
  try {
    for (let round = 0; round < 400; round++) {
      expect([...(await readHome(home)).keys()]).toEqual(['password-pepper', 'proof/auth/key']);
    }
  } finally {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }
});

it('refuses a link: what it leads to would be missing from the backup', async () => {
  await rm(join(home, 'password-pepper'));
  await symlink('/run/secrets/password-pepper', join(home, 'password-pepper'));
  await expect(readHome(home)).rejects.toThrow(/password-pepper is a link/);
});
