import { randomBytes } from 'node:crypto';
import { type ProcessRole, restrictDatabase, roleUrl } from '@signet/db';
import pg from 'pg';
import { inject } from 'vitest';
import './global-setup.ts';

export type TestDatabase = {
  /** The superuser's: row policies do not bind it. For arranging and for looking afterwards, never as the subject. */
  adminUrl: string;
  /** Where a process connects as its role. */
  urlOf(role: ProcessRole): string;
  /** Creates a tenant and returns its id. */
  addTenant(slug: string, options?: { name?: string; selfRegistration?: boolean }): Promise<string>;
  /** Runs one statement as the admin and returns its rows. */
  // biome-ignore lint/suspicious/noExplicitAny: rows are what the statement says, and only tests see them.
  query<Row extends pg.QueryResultRow = any>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Removes the database, also with connections open on it. */
  drop(): Promise<void>;
};

/** A database of its own, all migrations applied, no rows. Takes some 30 ms: one for each test file, in `beforeAll`. */
export function createTestDatabase(): Promise<TestDatabase> {
  return copyDatabase(inject('testCluster').template);
}

/** A copy of a database of the run's server, as its own database. */
export async function copyDatabase(template: string): Promise<TestDatabase> {
  const cluster = inject('testCluster');
  const name = `${cluster.prefix}_${randomBytes(5).toString('hex')}`;
  await withClient(cluster.adminUrl, async (client) => {
    await client.query(`create database ${name} template ${template} ${cluster.copyOptions}`);
    await restrictDatabase(client, name); // A copy has its tables' rights, but not the database's own.
  });
  const adminUrl = Object.assign(new URL(cluster.adminUrl), { pathname: `/${name}` }).href;
  const { query, close } = openQueries(adminUrl);
  return {
    adminUrl,
    query,
    urlOf: (role) => roleUrl(adminUrl, role, cluster.passwords[role]),
    async addTenant(slug, { name = slug, selfRegistration = false } = {}) {
      const [row] = await query<{ id: string }>(
        'insert into auth.tenant (slug, name, self_registration) values ($1, $2, $3) returning id',
        [slug, name, selfRegistration],
      );
      return (row as { id: string }).id;
    },
    async drop() {
      const closed = close();
      await withClient(cluster.adminUrl, (client) =>
        client.query(`drop database if exists ${name} with (force)`),
      );
      await closed;
    },
  };
}

/** One statement that reads or writes rows. Any other may leave something behind on its connection: a role, a setting, a lock, a transaction. */
const leavesNothing = /^\s*(select|insert|update|delete|with)\b(?!.*(;|set_config|advisory_lock))/is;

/** Runs statements as the admin: rows on a few connections that are kept, since opening one takes 7 ms of CPU; all else on one of its own. */
function openQueries(adminUrl: string): Pick<TestDatabase, 'query'> & { close(): Promise<void> } {
  const pool = new pg.Pool({
    connectionString: adminUrl,
    application_name: 'signet test',
    max: 20, // More than any test lets wait for locks at a time.
    allowExitOnIdle: true,
  });
  pool.on('error', () => {}); // The test ended the connection. The next statement opens one.
  let closed: Promise<void> | undefined;
  return {
    async query(sql, values) {
      if (leavesNothing.test(sql)) return (await pool.query(sql, values)).rows;
      return withClient(adminUrl, async (client) => (await client.query(sql, values)).rows);
    },
    close() {
      closed ??= pool.end();
      return closed;
    },
  };
}

/** Connects, runs `fn`, and closes the connection again. */
export async function withClient<T>(url: string, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'signet test' });
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}
