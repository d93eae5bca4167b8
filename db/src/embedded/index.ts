import { resolve } from 'node:path';
import pg from 'pg';
import { findBinaries } from './binaries.ts';
import { prepareDataFolder, readSuperuserPassword } from './data-folder.ts';
import { isPostgres, readLock } from './processes.ts';
import { startServer } from './server.ts';
import { findServerUser } from './server-user.ts';

export { DatabaseStartError } from './errors.ts';
export { type DatabaseHome, ensureSecretFile, openDatabaseHome } from './home.ts';

export type EmbeddedPostgresOptions = {
  /** Made at first start. */
  dataDir: string;
  /** 0 for any free one. */
  port: number;
  /** The server's own log. */
  log?: (line: string) => void;
  /** False gives up what a crash of the machine would lose, for speed. For tests. */
  durable?: boolean;
  /** 200 unless said. */
  maxConnections?: number;
};

export type EmbeddedPostgres = {
  /** The superuser's, to the database `signet`. Holds the password. */
  adminUrl: string;
  port: number;
  dataDir: string;
  /** The copy of PostgreSQL's programs, where root's server user can't reach the installed ones. */
  programsDir: string | undefined;
  /** Ends the server: at once for clients, the data complete. May be called twice. */
  stop(): Promise<void>;
};

const databaseName = 'signet';

/**
 * Starts a real PostgreSQL on 127.0.0.1 with its data in `dataDir`. It ends with this process, however that ends.
 * Throws DatabaseStartError with a line for the user.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log = () => {}, durable = true, maxConnections = 200 } = options;
  const dataDir = resolve(options.dataDir);
  const user = await findServerUser(dataDir);
  const { initdb, postgres, copiedTo } = await findBinaries(user);
  const password = await prepareDataFolder({ dataDir, initdb, user });
  const { port, stop } = await startServer({
    postgres,
    dataDir,
    user,
    durable,
    maxConnections,
    log,
    port: options.port,
  });
  try {
    await createDatabaseIfMissing(createUrl(password, port, 'postgres'));
  } catch (error) {
    await stop();
    throw error;
  }
  return { adminUrl: createUrl(password, port, databaseName), port, dataDir, programsDir: copiedTo, stop };
}

/** The superuser's URL to a server that somebody else runs on this folder right now (`npm start`), if there is one. */
export async function findRunningPostgres(dataDir: string): Promise<string | undefined> {
  const lock = await readLock(dataDir);
  if (lock?.status !== 'ready' || !isPostgres(lock.pid)) return undefined;
  const password = await readSuperuserPassword(dataDir);
  return password && createUrl(password, lock.port, databaseName);
}

function createUrl(password: string, port: number, database: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
}

async function createDatabaseIfMissing(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [databaseName]);
    if (rowCount === 0) await client.query(`create database ${databaseName}`);
  } finally {
    await client.end();
  }
}
