import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessRole, processRoles } from '@signet/db';
import pg from 'pg';
import { createRunFolder } from './run-folder.ts';

export type PgBouncerOptions = {
  /** Any URL of the server behind it. */
  serverUrl: string;
  passwords: Readonly<Record<ProcessRole, string>>;
  mode?: 'transaction' | 'session';
  /** Further lines of pgbouncer.ini, such as `max_client_conn`. */
  settings?: Readonly<Record<string, string | number>>;
};

export type PgBouncer = {
  /** The same URL, through it. */
  urlOf(url: string): string;
  start(): Promise<void>;
  /** At once, with every connection. */
  stop(): Promise<void>;
  remove(): Promise<void>;
};

/**
 * Starts a real PgBouncer in front of a server, for the process roles and every database.
 *
 * @throws {Error} where none is installed, with what to install
 */
export async function startPgBouncer(options: PgBouncerOptions): Promise<PgBouncer> {
  const { serverUrl, passwords, mode = 'transaction', settings = {} } = options;
  const program = findProgram();
  const folder = await createRunFolder();
  const port = await findFreePort();
  const server = new URL(serverUrl);
  const userList = join(folder, 'users.txt');
  await writeFile(userList, processRoles.map((role) => `"${role}" "${passwords[role]}"\n`).join(''));
  const configuration = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: userList,
    pool_mode: mode,
    default_pool_size: 5,
    // A failed login of the server is tried again at once: a test starts and stops it.
    server_login_retry: 1,
    ...settings,
  };
  const lines = Object.entries(configuration).map(([name, value]) => `${name} = ${value}`);
  const file = join(folder, 'pgbouncer.ini');
  const route = `* = host=${server.hostname} port=${server.port}`;
  await writeFile(file, ['[databases]', route, '[pgbouncer]', ...lines, ''].join('\n'));
  for (const path of [userList, file]) await chmod(path, 0o644);

  let child: ChildProcess | undefined;
  const bouncer: PgBouncer = {
    urlOf(url) {
      return Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).href;
    },
    async start() {
      // It refuses to run as root.
      const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
      child = spawn(program, ['-q', ...user, file], { stdio: ['ignore', 'ignore', 'pipe'] });
      let output = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt++) {
        if (await isListening(port)) return;
        await sleep(50);
      }
      throw new Error(`PgBouncer did not start:\n${output}`);
    },
    async stop() {
      if (child && child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
      child = undefined;
    },
    async remove() {
      await bouncer.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await bouncer.start();
  } catch (error) {
    await bouncer.remove();
    throw error;
  }
  return bouncer;
}

function findProgram(): string {
  const candidates = ['pgbouncer', '/usr/sbin/pgbouncer'];
  const found = candidates.find((path) => spawnSync(path, ['-V']).status === 0);
  if (found) return found;
  throw new Error(
    'PgBouncer is not installed: run apt-get install pgbouncer (.ci/run does), then this test again.',
  );
}

/** Whether it answers as a server of PostgreSQL does, be it with a refusal. */
async function isListening(port: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: `postgres://nobody@127.0.0.1:${port}/none` });
  client.on('error', () => {});
  return client.connect().then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ECONNREFUSED',
  );
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
