import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findBinaries } from './binaries.ts';
import { prepareDataFolder, readSuperuserPassword } from './data-folder.ts';
import { DatabaseStartError } from './errors.ts';
import { findFreePort } from './free-port.ts';
import { readLock, removeStaleLock } from './lock-file.ts';
import { isPostgres } from './processes.ts';
import { type Server, type ServerOptions, spawnServer } from './server.ts';
import { assertReachable, findServerUser } from './server-user.ts';

export { DatabaseStartError } from './errors.ts';
export { type DatabaseHome, openDatabaseHome } from './home.ts';
export { ensureSecretFile } from './secret-file.ts';

export type EmbeddedPostgresOptions = {
  /** Made at first start. */
  dataDir: string;
  /** 0 for any free one. */
  port: number;
  /** The server's own log. */
  log?: (line: string) => void;
  /** False gives up what a crash of the machine would lose, for speed. For tests. */
  durable?: boolean;
};

export type EmbeddedPostgres = {
  /** The superuser's, to the database `signet`. Holds the password. */
  adminUrl: string;
  port: number;
  dataDir: string;
  /** Ends the server: at once for clients, the data complete. May be called twice. */
  stop(): Promise<void>;
};

const databaseName = 'signet';

/**
 * Starts a real PostgreSQL on 127.0.0.1 with its data in `dataDir`. It ends with this process, however that ends.
 * Throws DatabaseStartError with a line for the user.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log = () => {}, durable = true } = options;
  const dataDir = resolve(options.dataDir);
  const [{ initdb, postgres }, user] = await Promise.all([findBinaries(), findServerUser(dataDir)]);
  assertReachable(
    user,
    postgres,
    'install the project in a folder that everyone may enter, or set DATABASE_URL',
  );
  const password = await prepareDataFolder({ dataDir, initdb, user });
  assertReachable(
    user,
    dirname(dataDir),
    'set SIGNET_HOME to a folder that everyone may enter, or set DATABASE_URL',
  );
  const { server, port } = await startServer({ postgres, dataDir, user, durable, log, port: options.port });
  const stop = createStop(server, dataDir);
  try {
    await createDatabaseIfMissing(createUrl(password, port, 'postgres'));
  } catch (error) {
    await stop();
    throw error;
  }
  return { adminUrl: createUrl(password, port, databaseName), port, dataDir, stop };
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

/** Tries again while an orphan of the run before is still shutting down, or where a free port was taken meanwhile. */
async function startServer(options: ServerOptions): Promise<{ server: Server; port: number }> {
  const started = Date.now();
  for (;;) {
    await removeStaleLock(options.dataDir);
    const port = options.port || (await findFreePort());
    const result = await spawnServer({ ...options, port });
    if ('server' in result) return { server: result.server, port };
    const waitedMs = Date.now() - started;
    const lock = await readLock(options.dataDir);
    const patienceMs = lock?.status === 'stopping' ? 15_000 : 3000;
    const isLocked = /lock file .* already exists|pre-existing shared memory/.test(result.output);
    const isTaken = /could not (bind|create any TCP)/.test(result.output);
    if (!((isLocked || (isTaken && options.port === 0)) && waitedMs < patienceMs)) {
      throw explainStart(result.output, { ...options, port }, { isLocked, isTaken });
    }
    await sleep(100);
  }
}

function explainStart(
  output: string,
  { dataDir, port }: ServerOptions,
  why: { isLocked: boolean; isTaken: boolean },
) {
  if (why.isLocked) {
    return new DatabaseStartError(
      `Another PostgreSQL uses ${dataDir}: end it, or set SIGNET_HOME to another folder.`,
    );
  }
  if (why.isTaken) {
    return new DatabaseStartError(`Port ${port} (PostgreSQL) is in use: set PORT_BASE to move all ports.`);
  }
  const lines = output.split('\n');
  const line = lines.find((text) => /FATAL|PANIC/.test(text)) ?? lines.at(-1) ?? '';
  const reason = line.replace(/^.*(?=FATAL|PANIC)/, ''); // Without time and process.
  return new DatabaseStartError(
    `PostgreSQL did not start on ${dataDir} (${reason.trim()}): set SIGNET_HOME to another folder, or set DATABASE_URL.`,
  );
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

/** Closing the pipe asks for a fast shutdown; a server that hangs is told to leave at once, and recovers at its next start. */
function createStop({ child, exited }: Server, dataDir: string): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    child.ref();
    child.stdin?.end();
    const timer = setTimeout(async () => {
      const lock = await readLock(dataDir);
      if (lock && isPostgres(lock.pid)) process.kill(lock.pid, 'SIGQUIT');
    }, 3500);
    await exited;
    clearTimeout(timer);
  };
  return () => {
    stopped ??= stop();
    return stopped;
  };
}
