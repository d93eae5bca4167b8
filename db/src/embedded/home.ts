import { createHmac, randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { type ProcessRole, processRoles } from '../roles.ts';
import { ensureSecretFile } from './secret-file.ts';

/** What of the database lies in SIGNET_HOME, for everyone who starts the embedded server. */
export type DatabaseHome = {
  dataDir: string;
  rolePasswords: Record<ProcessRole, string>;
  /** 32 bytes. */
  pepperKey: Buffer;
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
  const pepperKey = Buffer.from(pepper, 'base64');
  return {
    dataDir: join(home, 'postgres'),
    rolePasswords: addMissing(JSON.parse(passwords) as Partial<Record<ProcessRole, string>>, pepperKey),
    pepperKey,
  };
}

/** A role that is newer than the file gets a password which everybody who reads this folder computes alike. */
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
