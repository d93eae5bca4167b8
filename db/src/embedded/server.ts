import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ServerUser } from './server-user.ts';

export type ServerOptions = {
  postgres: string;
  dataDir: string;
  port: number;
  user: ServerUser;
  durable: boolean;
  log: (line: string) => void;
};

/** A running server, or what it said before it gave up. */
export type StartResult = { server: Server } | { output: string };
export type Server = { child: ChildProcess; exited: Promise<void> };

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

/** Starts the server; resolves when it accepts connections or has ended. */
export async function spawnServer(options: ServerOptions): Promise<StartResult> {
  const child = spawn('sh', ['-c', keeper, 'sh', options.postgres, ...serverArguments(options)], {
    ...options.user?.ids,
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stdin?.on('error', () => {}); // The shell was gone first.
  const output: string[] = [];
  const ready = new Promise<'ready'>((resolve) => {
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      if (output.length < 50) output.push(line);
      if (line.includes('ready to accept connections')) resolve('ready');
      options.log(line);
    });
  });
  const closed = once(child, 'close').catch((error: Error) => void output.push(error.message));
  if ((await Promise.race([ready, closed])) !== 'ready') return { output: output.join('\n') };
  return { server: { child, exited } };
}

function serverArguments({ dataDir, port, durable }: ServerOptions): string[] {
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    log_timezone: 'UTC',
    timezone: 'UTC',
    log_checkpoints: 'off',
    // The text of a failed statement can hold values.
    log_min_error_statement: 'panic',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}
