import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import { type Migration, type MigrationProvider, type MigrationResultSet, Migrator } from 'kysely/migration';
import pg from 'pg';
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
    await grantToOwner(pool);
    return await fn(new Migrator({ db, provider: fromFolder(folder), migrationTableSchema: 'migration' }));
  } finally {
    await db.destroy();
    if (!pool.ended) await pool.end();
  }
}

/** The owner makes schemas and extensions in this database. Granted once: two grants at the same time collide. */
async function grantToOwner(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query(
    'select current_database() as name, has_database_privilege(oid, current_database(), $2) as granted from pg_roles where rolname = $1',
    [ownerRole, 'create'],
  );
  if (!rows[0])
    throw new MigrationError(
      `The role ${ownerRole} is missing: 'npm run db -- migrate' creates the roles, given their passwords (SIGNET_AUTH_USER_PASSWORD and so on).`,
    );
  if (rows[0].granted) return;
  const grant = `grant create on database ${pg.escapeIdentifier(rows[0].name)} to ${ownerRole}`;
  await pool.query(grant).catch((error: { code?: string }) => {
    if (error.code !== 'XX000') throw error; // "tuple concurrently updated": another migrator granted it just now.
  });
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
