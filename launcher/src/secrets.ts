import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type DatabaseHome, ensureSecretFile, openDatabaseHome } from '@signet/db/embedded';

/** What only this installation knows; made at first start, kept in SIGNET_HOME, mode 0600. */
export type DevelopmentSecrets = {
  database: DatabaseHome;
  userKeyEncryptionKey: string;
  portalKeyEncryptionKey: string;
  auditKey: string;
};

/** @throws {DatabaseStartError} when SIGNET_HOME can't be written. */
export async function openDevelopmentSecrets(signetHome: string): Promise<DevelopmentSecrets> {
  const database = await openDatabaseHome(signetHome);
  const readKey = (name: string) =>
    ensureSecretFile(join(signetHome, name), () => randomBytes(32).toString('base64'));
  return {
    database,
    userKeyEncryptionKey: (await readKey('user-key-encryption-key')).trim(),
    portalKeyEncryptionKey: (await readKey('portal-key-encryption-key')).trim(),
    auditKey: (await readKey('audit-key')).trim(),
  };
}
