import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@signet/db/embedded';
import { type FaultyPath, openFaultyPath } from '@signet/testing';
import { createRunFolder } from '@signet/testing/run-folder';
import pg from 'pg';
import type { DeploymentDatabase } from '../local-deployment.test-support.ts';

export type KillableDatabase = DeploymentDatabase & {
  /** SIGKILL, as a crash of its machine would have it; then a start on the same data and port. */
  crash(): Promise<void>;
  /** The same, with some work before the start. */
  crashDuring(work: () => Promise<void>): Promise<void>;
  /** Cuts every connection but this one's; how many there were. */
  cutConnections(): Promise<number>;
  /** The way on which everybody but the test reaches it. */
  path: FaultyPath;
};

/** A PostgreSQL of this test's own, durable: other tests need the run's server alive. `isNear`: its path has no fault and is not used. */
export async function createKillableDatabase({ isNear = false } = {}): Promise<KillableDatabase> {
  const folder = await createRunFolder();
  const dataDir = join(folder, 'pg');
  let server = await startEmbeddedPostgres({ dataDir, port: 0 });
  const { adminUrl, port } = server;
  const path = await openFaultyPath(adminUrl);
  const query: DeploymentDatabase['query'] = async (sql, values) => {
    const client = new pg.Client({ connectionString: adminUrl });
    await client.connect();
    return (await client.query(sql, values).finally(() => client.end())).rows;
  };
  return {
    adminUrl: isNear ? adminUrl : path.urlOf(adminUrl),
    query,
    path,
    async drop() {
      await path.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
    crash: () => crashDuring(async () => {}),
    crashDuring,
    async cutConnections() {
      const cut = await query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where backend_type = 'client backend' and pid <> pg_backend_pid()`,
      );
      return cut.length;
    },
  };
  async function crashDuring(work: () => Promise<void>) {
    const [pid] = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGKILL');
    await server.stop();
    await work().finally(async () => {
      server = await startEmbeddedPostgres({ dataDir, port });
    });
  }
}
