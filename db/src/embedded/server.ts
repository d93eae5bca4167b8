import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseStartError } from './errors.ts';
import { isPostgres, readLock, removeStaleLock } from './processes.ts';
import { nameFolder, openForServer, type ServerUser } from './server-user.ts';

export type ServerOptions = {
  postgres: string;
  dataDir: string;
  /** 0 for any free one. */
  port: number;
  user: ServerUser;
  durable: boolean;
  maxConnections: number;
  log: (line: string) => void;
};

export type Server = {
  port: number;
  /** Ends the server: at once for clients, the data complete. May be called twice. */
  stop(): Promise<void>;
};
/** A running server, or what it said before it gave up. */
type StartResult = { child: ChildProcess; exited: Promise<void> } | { output: string };

/**
 * Starts the server; resolves when it accepts connections. Tries again while an orphan of the run before is still shutting
 * down, or where a free port was taken meanwhile. Throws DatabaseStartError.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const started = Date.now();
  for (;;) {
    await removeStaleLock(options.dataDir);
    const port = options.port || (await findFreePort());
    const result = await spawnServer({ ...options, port });
    if ('child' in result) return { port, stop: createStop(result, options.dataDir) };
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

/**
 * The shell holds a pipe from us and sends SIGINT (fast shutdown) when it closes: also when we are killed. It leads a
 * group of its own, so a terminal's Ctrl-C reaches us alone and we decide when the database goes. `read` never sees a
 * line; it returns at the end of the pipe.
 */
const keeper = `
exec 3<&0
"$@" </dev/null 3<&- & server=$!
( read -r _ <&3; kill -INT $server 2>/dev/null ) &
keeper=$!
wait $server; code=$?
kill $keeper 2>/dev/null
exit $code`;

async function spawnServer(options: ServerOptions): Promise<StartResult> {
  const folder = await openForServer(options.user, options.dataDir);
  const child = spawn(
    'sh',
    ['-c', keeper, 'sh', options.postgres, ...serverArguments(folder.path, options)],
    {
      ...options.user?.ids,
      detached: true,
      cwd: '/',
      stdio: ['pipe', 'ignore', 'pipe', ...folder.stdio],
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    },
  );
  await folder.close(); // The server has it open itself.
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stdin?.on('error', () => {}); // The shell was gone first.
  const output: string[] = [];
  const ready = new Promise<'ready'>((resolve) => {
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (text) => {
      const line = nameFolder(text, options.dataDir);
      if (output.length < 50) output.push(line);
      // A replica: `read-only connections`.
      if (/ready to accept (read-only )?connections/.test(line)) resolve('ready');
      options.log(line);
    });
  });
  const closed = once(child, 'close').catch((error: Error) => void output.push(error.message));
  if ((await Promise.race([ready, closed])) !== 'ready') return { output: output.join('\n') };
  return { child, exited };
}

function serverArguments(dataDir: string, { port, durable, maxConnections }: ServerOptions): string[] {
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: maxConnections,
    log_timezone: 'UTC',
    timezone: 'UTC',
    log_checkpoints: 'off',
    // The text of a failed statement can hold values.
    log_min_error_statement: 'panic',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
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

/** Closing the pipe asks for a fast shutdown; a server that hangs is stopped at once, and recovers at its next start. */
function createStop(
  { child, exited }: { child: ChildProcess; exited: Promise<void> },
  dataDir: string,
): () => Promise<void> {
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

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
