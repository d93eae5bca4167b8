import { chown, cp, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@signet/db/embedded';
import pg from 'pg';
import { createRunFolder } from './run-folder.ts';

export type TestReplica = {
  /** As `host:port`. */
  host: string;
  adminUrl: string;
  /** It receives what the primary sends, and replays nothing of it. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** It becomes a server of its own. */
  promote(): Promise<void>;
  stop(): Promise<void>;
  /** On the same port. */
  start(): Promise<void>;
};

export type ReplicatedPostgres = {
  primary: EmbeddedPostgres;
  addReplica(): Promise<TestReplica>;
  remove(): Promise<void>;
};

/** A real PostgreSQL that is durable, and streaming replicas of it. */
export async function startReplicatedPostgres(): Promise<ReplicatedPostgres> {
  const folder = await createRunFolder();
  const primary = await startEmbeddedPostgres({ dataDir: join(folder, 'primary'), port: 0 });
  const servers: { stop(): Promise<void> }[] = [primary];
  return {
    primary,
    async addReplica() {
      const dataDir = join(folder, `replica-${servers.length}`);
      await copyData(primary, dataDir);
      let server = await startEmbeddedPostgres({ dataDir, port: 0 });
      const { adminUrl, port } = server;
      servers.push({ stop: () => server.stop() });
      const run = (statement: string) =>
        withClient(adminUrl, async (client) => void (await client.query(statement)));
      return {
        host: `127.0.0.1:${port}`,
        adminUrl,
        pause: () => run('select pg_wal_replay_pause()'),
        resume: () => run('select pg_wal_replay_resume()'),
        promote: () => run('select pg_promote()'),
        stop: () => server.stop(),
        async start() {
          server = await startEmbeddedPostgres({ dataDir, port });
        },
      };
    },
    async remove() {
      for (const server of servers.toReversed()) await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A base backup by copying files (PostgreSQL manual, 25.3.4): pg_basebackup is not among the embedded programs. */
async function copyData(
  { adminUrl, dataDir: source, port }: EmbeddedPostgres,
  dataDir: string,
): Promise<void> {
  const { username, password } = new URL(adminUrl);
  const { uid, gid } = await stat(source);
  const write = async (name: string, text: string) => {
    await writeFile(join(dataDir, name), text, { mode: 0o600 });
    await chown(join(dataDir, name), uid, gid);
  };
  await withClient(adminUrl, async (client) => {
    await client.query(`select pg_backup_start('replica', true)`);
    await copyAs(source, dataDir, { uid, gid });
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
    await write('backup_label', rows[0]?.labelfile ?? '');
  });
  await write('standby.signal', '');
  const connection = `host=127.0.0.1 port=${port} user=${username} password=${password} application_name=${basename(dataDir)}`;
  await write('postgresql.auto.conf', `primary_conninfo = '${connection}'\n`);
}

async function copyAs(
  source: string,
  target: string,
  { uid, gid }: { uid: number; gid: number },
): Promise<void> {
  const copied: string[] = [target];
  await cp(source, target, {
    recursive: true,
    preserveTimestamps: true,
    filter(from, to) {
      if (basename(from) === 'postmaster.pid') return false;
      copied.push(to);
      return true;
    },
  });
  for (const path of copied) await chown(path, uid, gid);
}

/** Benchmarks use this file as well, where there is no run of tests. */
async function withClient(url: string, fn: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await fn(client);
  } finally {
    await client.end();
  }
}
