import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeSecrets, makeSecretsPath, type SecretsFolder } from './secrets.test-support.ts';

describe('make-secrets.mjs', () => {
  let secrets: SecretsFolder;
  beforeEach(async () => {
    secrets = await makeSecrets();
  });
  afterEach(() => secrets.remove());

  const read = (name: string, folder = secrets.folder) => readFile(join(folder, name), 'utf8');

  it('writes files that their owner alone may read', async () => {
    expect((await stat(secrets.folder)).mode & 0o777).toBe(0o700);
    for (const name of secrets.names) {
      expect((await stat(join(secrets.folder, name))).mode & 0o777).toBe(0o600);
    }
  });

  it('tells no secret', async () => {
    for (const name of secrets.names) {
      expect(secrets.output).not.toContain((await read(name)).trim());
    }
  });

  it('makes other secrets each time, and none twice', async () => {
    const other = await makeSecrets();
    const values = await Promise.all([
      ...secrets.names.map((name) => read(name)),
      ...other.names.map((name) => read(name, other.folder)),
    ]);
    await other.remove();
    expect(new Set(values).size).toBe(2 * secrets.names.length);
  });

  it('replaces nothing that is there', async () => {
    const before = await read('password-pepper');
    const again = promisify(execFile)(process.execPath, [makeSecretsPath, secrets.folder]);
    await expect(again).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('is not empty') });
    expect(await read('password-pepper')).toBe(before);
    expect((await readdir(secrets.folder)).sort()).toEqual(secrets.names);
  });
});
