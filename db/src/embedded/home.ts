import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type ProcessRole, processRoles } from '../roles.ts';
import { explainFolderError } from './errors.ts';

/** The parts of SIGNET_HOME that belong to the database. Every command that starts the embedded server reads them. */
export type DatabaseHome = {
  dataDir: string;
  rolePasswords: Record<ProcessRole, string>;
  /** 32 bytes each: the first goes into new hashes, stored ones may have any. */
  pepperKeys: readonly [Buffer, ...Buffer[]];
};

/** Reads the development secrets, which are made at first use. Throws DatabaseStartError where the folder is not writable. */
export async function openDatabaseHome(signetHome: string): Promise<DatabaseHome> {
  const home = resolve(signetHome);
  const makePasswords = () =>
    JSON.stringify(Object.fromEntries(processRoles.map((role) => [role, makeSecret()])), null, 2);
  const [passwords, pepper] = await Promise.all([
    ensureSecretFile(join(home, 'database-passwords.json'), makePasswords),
    ensureSecretFile(join(home, 'password-pepper'), () => randomBytes(32).toString('base64')),
  ]);
  const [first = '', ...others] = pepper.split(/\s+/).filter(Boolean);
  const pepperKeys = [
    Buffer.from(first, 'base64'),
    ...others.map((key) => Buffer.from(key, 'base64')),
  ] as const;
  return {
    dataDir: join(home, 'postgres'),
    rolePasswords: addMissing(JSON.parse(passwords) as Partial<Record<ProcessRole, string>>, pepperKeys[0]),
    pepperKeys,
  };
}

/** A role that is newer than the file gets a password that follows from the pepper, the same for every process that reads this folder. */
function addMissing(
  passwords: Partial<Record<ProcessRole, string>>,
  key: Buffer,
): Record<ProcessRole, string> {
  const derive = (role: ProcessRole) =>
    createHmac('sha256', key).update(`password of ${role}`).digest('base64url');
  return Object.fromEntries(processRoles.map((role) => [role, passwords[role] ?? derive(role)])) as Record<
    ProcessRole,
    string
  >;
}

function makeSecret(): string {
  return randomBytes(24).toString('base64url');
}

/** The text of a secret file (mode 0600), made at first use. Two that make it at the same time get the same text. */
export async function ensureSecretFile(path: string, create: () => string): Promise<string> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    return await readFile(path, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await writeFile(draft, create(), { mode: 0o600 });
      await chmod(draft, 0o600);
      // A link appears whole or not at all, and never replaces what is there.
      await link(draft, path).catch((failure: NodeJS.ErrnoException) => {
        if (failure.code !== 'EEXIST') throw failure;
      });
      return await readFile(path, 'utf8');
    });
  } catch (error) {
    throw explainFolderError(error, dirname(path));
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
}
