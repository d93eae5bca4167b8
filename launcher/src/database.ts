import {
  createRoles,
  describeChanged,
  migrateToLatest,
  type ProcessRole,
  processRoles,
  roleUrl,
} from '@signet/db';
import { type DatabaseHome, startEmbeddedPostgres } from '@signet/db/embedded';
import { createPepper } from '@signet/db/password-hash';
import { findSeededAccounts, SeedError, type SeededAccounts, seedDevelopment } from '@signet/db/seed';
import { ConfigError } from '@signet/service';
import type { LauncherConfig } from './config.ts';

export type PlatformDatabase = {
  /** For each process, the URL of its own role. */
  urls: Readonly<Record<ProcessRole, string>>;
  /** Undefined where the data is not the seed's. */
  accounts: SeededAccounts | undefined;
  /** Said to the user: a folder, or the host of DATABASE_URL. */
  location: string;
  /** Nothing that keeps the platform from starting. */
  warnings: readonly string[];
  stop(): Promise<void>;
};

/**
 * Brings the database up: the embedded server or DATABASE_URL's, its roles, migrations, and the development seed, which
 * goes only into a database that the launcher made itself, or an empty one given SEED=development.
 *
 * @throws {ConfigError} with one line that names the variable to change.
 */
export async function openPlatformDatabase(
  config: LauncherConfig,
  home: DatabaseHome,
  port: number,
): Promise<PlatformDatabase> {
  const server = config.DATABASE_URL
    ? { adminUrl: config.DATABASE_URL, location: describeServer(config.DATABASE_URL), stop: async () => {} }
    : await startEmbeddedServer(home.dataDir, port);
  try {
    await createRoles(server.adminUrl, home.rolePasswords);
    const warnings: string[] = [];
    await migrateToLatest(server.adminUrl, {
      onChanged: (changed) => warnings.push(...changed.map(describeChanged)),
    });
    return {
      urls: Object.fromEntries(
        processRoles.map((role) => [role, roleUrl(server.adminUrl, role, home.rolePasswords[role])]),
      ) as Record<ProcessRole, string>,
      accounts: await findOrSeedAccounts(config, home, server.adminUrl),
      location: server.location,
      warnings,
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw config.DATABASE_URL ? describeDatabaseError(error, config.DATABASE_URL) : error;
  }
}

async function startEmbeddedServer(dataDir: string, port: number) {
  const { adminUrl, programsDir, stop } = await startEmbeddedPostgres({ dataDir, port });
  const programs = programsDir ? `   (PostgreSQL's programs: ${programsDir})` : '';
  return { adminUrl, location: `${dataDir}${programs}`, stop };
}

async function findOrSeedAccounts(config: LauncherConfig, home: DatabaseHome, adminUrl: string) {
  const seeded = await findSeededAccounts(adminUrl);
  const isAskedFor = config.SEED === 'development';
  if (seeded || config.NODE_ENV === 'production' || !(isAskedFor || config.DATABASE_URL === undefined)) {
    return seeded;
  }
  try {
    return await seedDevelopment(adminUrl, { pepper: createPepper(home.pepperKeys[0]) });
  } catch (error) {
    if (!(error instanceof SeedError)) {
      throw error;
    }
    if (isAskedFor) {
      throw new ConfigError([`SEED: ${error.message}`]);
    }
    return undefined;
  }
}

/** Host, port and database: never the name or password in the URL. */
function describeServer(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl);
  return `PostgreSQL at ${host}${pathname}`;
}

const connectionFaults: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the host can not be looked up',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it closed the connection',
  '28P01': 'the password is wrong',
  '28000': 'the role is not allowed in',
  '3D000': 'there is no such database',
};

function describeDatabaseError(error: unknown, databaseUrl: string): unknown {
  const fault =
    error instanceof Error
      ? (connectionFaults[(error as NodeJS.ErrnoException).code ?? ''] ?? timeoutOf(error))
      : undefined;
  return fault
    ? new ConfigError([`DATABASE_URL: can't use ${describeServer(databaseUrl)}: ${fault}`])
    : error;
}

function timeoutOf(error: Error): string | undefined {
  return /timeout/i.test(error.message) ? 'it does not answer' : undefined;
}
