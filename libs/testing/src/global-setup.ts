import { createHmac, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createRoles, migrateToLatest, type ProcessRole, processRoles } from '@signet/db';
import { startEmbeddedPostgres } from '@signet/db/embedded';
import { createProofSet, writeProofSet } from '@signet/proof';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { createRunFolder } from './run-folder.ts';

/** What the run's one database server offers to the test files; `createTestDatabase` reads it. */
export type TestCluster = {
  adminUrl: string;
  /** Migrated once; every test database is a copy. */
  template: string;
  /** What to say of a copy beside its name and template. */
  copyOptions: string;
  /** Names of this run's databases start with it. */
  prefix: string;
  passwords: Record<ProcessRole, string>;
  /** 32 bytes in base64: the pepper of the accounts in `createSeededDatabase`. */
  pepper: string;
};

declare module 'vitest' {
  interface ProvidedContext {
    testCluster: TestCluster;
    /** A set of proof keys, one for every process. */
    proofFolder: string;
  }
}

/**
 * One database server for the whole run: an embedded one in a temporary folder, or the one of TEST_DATABASE_URL (an
 * admin's; its process roles get new passwords). Returns what takes it down again.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const proofs = await createProofFolder();
  // The workers and every process that a test starts read compiled modules from here: half of what a start takes. A run within a
  // run, of a copy of the repository, shares it.
  process.env.NODE_COMPILE_CACHE ??= join(proofs.folder, 'compiled');
  const server = await startServer(process.env.TEST_DATABASE_URL);
  const stop = async () => {
    await server.stop();
    await proofs.remove();
  };
  try {
    const passwords = derivePasswords(server.adminUrl);
    await createRoles(server.adminUrl, passwords);
    const prefix = `signet_test_${randomBytes(5).toString('hex')}`;
    const template = `${prefix}_template`;
    await runAsAdmin(server.adminUrl, `create database ${template}`);
    await migrateToLatest(withDatabase(server.adminUrl, template));
    project.provide('proofFolder', proofs.path);
    const pepper = randomBytes(32).toString('base64');
    project.provide('testCluster', {
      adminUrl: server.adminUrl,
      template,
      // File by file takes half the CPU, but ends in a checkpoint, for which another server may wait for its disk.
      copyOptions: server.isOurs ? 'strategy file_copy' : '',
      prefix,
      passwords,
      pepper,
    });
    return async () => {
      if (!server.isOurs) await dropAll(server.adminUrl, prefix);
      await stop();
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function createProofFolder(): Promise<{ folder: string; path: string; remove(): Promise<void> }> {
  const folder = await createRunFolder();
  const path = join(folder, 'proof');
  writeProofSet(path, createProofSet());
  // A process that ends writes compiled modules there until the last.
  return { folder, path, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 10 }) };
}

async function startServer(url: string | undefined) {
  if (url) return { adminUrl: url, isOurs: false, stop: async () => {} };
  const folder = await createRunFolder();
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  try {
    const server = await startEmbeddedPostgres({
      dataDir: join(folder, 'pg'),
      port: 0,
      durable: false,
      maxConnections: 700, // Four test files at a time, and some start each process several times.
    });
    const stop = () => server.stop().then(removeFolder);
    return { adminUrl: server.adminUrl, isOurs: true, stop };
  } catch (error) {
    await removeFolder();
    throw error;
  }
}

/** From the admin's URL, a secret: two runs on one server agree, since roles belong to the server, not to a database. */
function derivePasswords(adminUrl: string): Record<ProcessRole, string> {
  const derive = (role: ProcessRole) => createHmac('sha256', adminUrl).update(role).digest('base64url');
  return Object.fromEntries(processRoles.map((role) => [role, derive(role)])) as Record<ProcessRole, string>;
}

async function dropAll(adminUrl: string, prefix: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [prefix],
    );
    for (const { datname } of rows) await client.query(`drop database if exists ${datname} with (force)`);
  } finally {
    await client.end();
  }
}

async function runAsAdmin(adminUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

function withDatabase(url: string, database: string): string {
  return Object.assign(new URL(url), { pathname: `/${database}` }).href;
}
