import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type DatabaseHome, ensureSecretFile, openDatabaseHome } from '@signet/db/embedded';
import {
  addMissingMembers,
  changeProofSet,
  createProofSet,
  proofMembers,
  readProofSet,
  writeProofSet,
} from '@signet/proof';

/** What only this installation knows; made at first start, kept in SIGNET_HOME, mode 0600. */
export type DevelopmentSecrets = {
  database: DatabaseHome;
  userKeyEncryptionKey: string;
  portalKeyEncryptionKey: string;
  auditKey: string;
  /** Folder of the proof keys of all servers; each reads its own alone. */
  proofFolder: string;
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
    proofFolder: ensureProofFolder(join(signetHome, 'proof')),
  };
}

/** A set that is there stays. Services that are newer than it get their keys. */
function ensureProofFolder(folder: string): string {
  try {
    writeProofSet(folder, createProofSet());
  } catch (error) {
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    const known = readProofSet(folder).peers.peers;
    if (proofMembers.some(({ name }) => !known[name])) changeProofSet(folder, addMissingMembers);
  }
  return folder;
}
