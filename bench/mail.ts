// Are 10,000 mails drained at 200/s by a sender that is killed three times, none lost? npm run bench -- bench/mail.ts [mails] [connections]
//
// A real PostgreSQL that syncs to disk, a real mail server in this process that thinks 20 to 50 ms about each recipient, and the sender
// in a process of its own, which gets SIGKILL after a quarter, a half and three quarters of the mails. A lease is 5 s instead of 60.
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRoles, migrateToLatest, type ProcessRole, processRoles, roleUrl } from '@signet/db';
import { startEmbeddedPostgres } from '@signet/db/embedded';
import pg from 'pg';
import { drainOutbox } from '../subgraphs/auth/src/testing/drain-outbox.test-support.ts';

const [mails = 10_000, connections = 20] = process.argv.slice(2).map(Number);

const folder = await mkdtemp(join(tmpdir(), 'signet-bench-'));
await chmod(folder, 0o711); // As root, the server runs as another user, who must pass through.
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), port: 0 });
const passwords = Object.fromEntries(
  processRoles.map((role) => [role, randomBytes(12).toString('hex')]),
) as Record<ProcessRole, string>;
await createRoles(postgres.adminUrl, passwords);
await migrateToLatest(postgres.adminUrl);
const pool = new pg.Pool({ connectionString: postgres.adminUrl, max: 1 });
const database = {
  urlOf: (role: ProcessRole) => roleUrl(postgres.adminUrl, role, passwords[role]),
  // biome-ignore lint/suspicious/noExplicitAny: rows are what the statement says.
  query: async <Row extends pg.QueryResultRow = any>(text: string, values?: unknown[]) =>
    (await pool.query<Row>(text, values)).rows,
};
try {
  const [tenant] = await database.query(
    `insert into auth.tenant (slug, name) values ('bench', 'Bench') returning id`,
  );
  const { seconds, ...counts } = await drainOutbox(database, tenant.id, {
    mails,
    connections,
    leaseSeconds: 5,
    killAt: [0.25, 0.5, 0.75],
    thinkMs: () => 20 + Math.random() * 30,
  });
  const perSecond = Math.round(mails / seconds);
  console.log(
    JSON.stringify({ mails, connections, kills: 3, seconds: Math.round(seconds), perSecond, ...counts }),
  );
  process.exitCode = counts.lost > 0 || counts.unexplained > 0 ? 1 : 0;
} finally {
  await pool.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
