import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import { type Migration, type MigrationProvider, type MigrationResultSet, Migrator } from 'kysely/migration';
import pg from 'pg';
import { isRestricted, restrictDatabase, restrictPublicSchema } from './database-rights.ts';
import { ownerRole } from './roles.ts';

export type MigrationOptions = {
  /** Where the migrations lie. */
  folder?: string;
};
export type MigrationState = { name: string; executedAt: Date | undefined };

/** A migration failed, and with it the whole run: the data is as it was. Names the migration in its text. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/**
 * Brings the database up to date and returns the names of what ran. All in one transaction, as `signet_owner`, whom
 * createRoles must have made. Several may call it at once: one works, the others wait and find nothing to do.
 */
export function migrateToLatest(adminUrl: string, options?: MigrationOptions): Promise<string[]> {
  return withMigrator(adminUrl, options, async (migrator) => namesOf(await migrator.migrateToLatest()));
}

/** Takes the latest migration back. Returns its name, or nothing where there is none. */
export function rollback(adminUrl: string, options?: MigrationOptions): Promise<string[]> {
  return withMigrator(adminUrl, options, async (migrator) => namesOf(await migrator.migrateDown()));
}

/** Every migration in its order, with the time at which it ran. */
export function migrationStatus(adminUrl: string, options?: MigrationOptions): Promise<MigrationState[]> {
  return withMigrator(adminUrl, options, async (migrator) =>
    (await migrator.getMigrations()).map(({ name, executedAt }) => ({ name, executedAt })),
  );
}

async function withMigrator<T>(
  adminUrl: string,
  { folder = join(import.meta.dirname, '../migrations') }: MigrationOptions = {},
  fn: (migrator: Migrator) => Promise<T>,
): Promise<T> {
  const pool = new pg.Pool({
    connectionString: adminUrl,
    max: 2,
    application_name: 'signet migrate',
    connectionTimeoutMillis: 5000,
  });
  pool.on('error', () => {}); // A lost connection fails the statement that waits on it as well.
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({
      pool,
      onCreateConnection: (connection) =>
        connection.executeQuery(CompiledQuery.raw(`set role ${ownerRole}`)).then(),
    }),
  });
  try {
    await restrictRights(pool);
    return await fn(new Migrator({ db, provider: fromFolder(folder), migrationTableSchema: 'migration' }));
  } finally {
    await db.destroy();
    if (!pool.ended) await pool.end();
  }
}

/** Before the first migration: the database is the owner's to build in, and closed to everybody else. */
async function restrictRights(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    const state = await isRestricted(client);
    if (state === undefined)
      throw new MigrationError(
        `The role ${ownerRole} is missing: 'npm run db -- migrate' creates the roles, given their passwords (SIGNET_AUTH_USER_PASSWORD and so on).`,
      );
    if (state) return;
    const { rows } = await client.query<{ name: string }>('select current_database() as name');
    for (const { name } of rows) await restrictDatabase(client, name);
    await restrictPublicSchema(client);
  } finally {
    client.release();
  }
}

/** `0001-name.ts` and so on; tests lie beside them. */
function fromFolder(folder: string): MigrationProvider {
  return {
    async getMigrations() {
      const files = (await readdir(folder)).filter((file) => /^\d{4}-[a-z0-9-]+\.ts$/.test(file));
      const load = async (file: string) =>
        [file.slice(0, -3), await import(pathToFileURL(join(folder, file)).href)] as const;
      return Object.fromEntries(await Promise.all(files.map(load))) as Record<string, Migration>;
    },
  };
}

function namesOf({ error, results = [] }: MigrationResultSet): string[] {
  if (error === undefined) return results.map(({ migrationName }) => migrationName);
  const failed = results.find(({ status }) => status === 'Error');
  const message = error instanceof Error ? error.message : String(error);
  throw new MigrationError(
    failed
      ? `Migration ${failed.migrationName} failed, nothing was changed: ${message}`
      : `Migration failed, nothing was changed: ${message}`,
    { cause: error },
  );
}
