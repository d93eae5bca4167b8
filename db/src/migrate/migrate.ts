import { setTimeout as sleep } from 'node:timers/promises';
import { CompiledQuery, Kysely, PostgresAdapter, PostgresDialect, sql, type Transaction } from 'kysely';
import { type MigrationResultSet, Migrator } from 'kysely/migration';
import pg from 'pg';
import { refusePooler } from '../pool/pooler.ts';
import { ownerRole } from '../roles.ts';
import { refuseOlderServer } from '../server-version.ts';
import { type ChangedMigration, checksumOf, findChanged, recordChecksums, setChecksum } from './checksums.ts';
import { isRestricted, restrictDatabase, restrictPublicSchema } from './database-rights.ts';
import { listReplacing, readExecuted, replaceSharedMigrations } from './executed-migrations.ts';
import {
  labelOf,
  loadMigrations,
  MigrationError,
  type MigrationOwner,
  type MigrationSet,
  migrationOwners,
} from './migration-owners.ts';
import { allowStaffRoles } from './staff-roles.ts';

export { describeChanged } from './checksums.ts';
export { MigrationError, type MigrationOwner } from './migration-owners.ts';

export type MigrationOptions = {
  owners?: readonly MigrationOwner[];
  /** How long a statement waits for a lock. Meanwhile everybody else waits behind it. */
  lockTimeoutMs?: number;
  /** Is told which migrations say something else than this database has run, before any runs. Nothing else comes of it. */
  onChanged?(changed: readonly ChangedMigration[]): void;
  /** Is told which roles of staff the database takes from now on. */
  onRoles?(added: readonly string[]): void;
};
export type MigrationState = {
  /** `0001-auth`; of a subgraph `reviews/0001-reviews`. */
  name: string;
  executedAt: Date | undefined;
  /** It says something else than what ran. */
  hasChanged: boolean;
};

/** One run at a time, until its transaction ends. */
const lockId = 7_304_553_149;
const defaultLockTimeoutMs = 2000;
/** In between, what waited behind the migration goes on. */
const lockPauseMs = 1000;
const lockAttempts = 20;
const auditLog = 'auth.audit_event';

/**
 * Brings the database up to date and returns the names of what ran: the platform's migrations first, then those of each subgraph
 * in the order of the registry, and at the end what follows from the roles of staff in schema/contract. All in one transaction, as `signet_owner`, whom createRoles must have made. Several may call
 * it at once: one works, the others wait and find nothing to do. Processes may use the database meanwhile: where a long transaction of
 * theirs holds a table, or waits for one that the run holds, the run gives way and begins again.
 *
 * @throws {MigrationError} where one fails, or where the database has migrations that this code does not have
 */
export async function migrateToLatest(adminUrl: string, options?: MigrationOptions): Promise<string[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await migrateOnce(adminUrl, attempt === 1 ? options : { ...options, onChanged: () => {} });
    } catch (error) {
      if (!isLostLock(error)) throw error;
      if (attempt === lockAttempts) {
        throw new MigrationError(
          `${(error as Error).message}. A transaction holds a table for long: end it (pg_stat_activity, xact_start), then run this again.`,
          { cause: error },
        );
      }
      await sleep(lockPauseMs);
    }
  }
}

/**
 * 55P03 lock_not_available; 40P01 deadlock_detected: the run holds the tables of earlier migrations, and a transaction that has the next one
 * may want those.
 */
function isLostLock(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return code === '55P03' || code === '40P01' || (cause !== undefined && isLostLock(cause));
}

function migrateOnce(adminUrl: string, options?: MigrationOptions): Promise<string[]> {
  return inMigration(adminUrl, options, async (trx, sets) => {
    const replaced = await replaceSharedMigrations(trx, sets);
    const executed = await readKnown(trx, sets);
    const changed = options?.onChanged ? await findChanged(trx, sets, executed) : [];
    if (changed.length > 0) options?.onChanged?.(changed);
    await lockTables(trx, sets, executed);
    const ran: string[] = [];
    for (const set of sets) {
      const done = executed.get(set.owner);
      if (Object.keys(set.migrations).every((name) => done?.has(name))) continue;
      ran.push(...namesOf(set, await createMigrator(trx, set).migrateToLatest()));
    }
    await recordChecksums(trx, sets);
    const roles = await allowStaffRoles(trx);
    if (roles.length > 0) options?.onRoles?.(roles);
    return [...replaced, ...ran];
  });
}

/**
 * Keeps writers out of all tables at once which the run is going to lock. It would hold the audit log while it waits for a subgraph's table
 * else, and whatever changes that table and then writes the log would be a deadlock, each time. In the order in which transactions take
 * them: a subgraph's own rows, the platform's, and the audit log at the end.
 */
async function lockTables(
  trx: Transaction<unknown>,
  sets: readonly MigrationSet[],
  executed: Awaited<ReturnType<typeof readKnown>>,
): Promise<void> {
  const locksOf = ({ owner, migrations }: MigrationSet) =>
    Object.entries(migrations).flatMap(([name, { locks = [] }]) =>
      executed.get(owner)?.has(name) ? [] : locks,
    );
  const [platform = [], subgraphs = []] = [true, false].map((isPlatform) =>
    sets.filter(({ owner }) => (owner.name === 'platform') === isPlatform).flatMap(locksOf),
  );
  const tables = new Set([...subgraphs, ...platform.filter((table) => table !== auditLog)]);
  if (platform.includes(auditLog)) tables.add(auditLog);
  for (const table of tables) {
    const { rows } = await sql<{
      isThere: boolean;
    }>`select to_regclass(${table}) is not null as "isThere"`.execute(trx);
    if (rows[0]?.isThere) await sql`lock table ${sql.raw(table)} in share row exclusive mode`.execute(trx);
  }
}

/** Takes the latest migration back, of any owner. Returns its name, or nothing where there is none. */
export function rollback(adminUrl: string, options?: MigrationOptions): Promise<string[]> {
  return inMigration(adminUrl, options, async (trx, sets) => {
    const executed = await readKnown(trx, sets);
    // Where two have the same time, the one that would run last.
    const latest = sets
      .map((set) => ({ set, time: Math.max(...(executed.get(set.owner)?.values() ?? [])) }))
      .reduce((a, b) => (b.time >= a.time ? b : a));
    if (latest.time === Number.NEGATIVE_INFINITY) return [];
    return namesOf(latest.set, await createMigrator(trx, latest.set).migrateDown());
  });
}

/** Every migration in its order, with the time at which it ran; at the end those that have run and are not in this code. */
export function migrationStatus(adminUrl: string, options?: MigrationOptions): Promise<MigrationState[]> {
  return inMigration(adminUrl, options, async (trx, sets) => {
    const executed = await readExecuted(trx, sets);
    const changed = new Set((await findChanged(trx, sets, executed)).map(({ name }) => name));
    const stateOf = ({ owner }: MigrationSet, name: string) => {
      const time = executed.get(owner)?.get(name);
      return {
        name: labelOf(owner, name),
        executedAt: time === undefined ? undefined : new Date(time),
        hasChanged: changed.has(labelOf(owner, name)),
      };
    };
    return [
      ...sets.flatMap((set) => Object.keys(set.migrations).map((name) => stateOf(set, name))),
      ...sets.flatMap((set) => listUnknown(set, executed.get(set.owner)).map((name) => stateOf(set, name))),
    ];
  });
}

/**
 * Records that the database is as this migration makes it now: somebody compared the two and made the difference by hand.
 *
 * @throws {MigrationError} where no such migration has run, or it says what ran
 */
export function acceptMigration(adminUrl: string, label: string, options?: MigrationOptions): Promise<void> {
  return inMigration(adminUrl, options, async (trx, sets) => {
    const executed = await readExecuted(trx, sets);
    const changed = (await findChanged(trx, sets, executed)).map(({ name }) => name);
    if (!changed.includes(label)) {
      throw new MigrationError(
        `${label} is no migration that was changed after it had run. ${changed.length > 0 ? `Those are: ${changed.join(', ')}.` : 'There is none.'}`,
      );
    }
    for (const { owner, migrations } of sets) {
      for (const [name, migration] of Object.entries(migrations)) {
        if (labelOf(owner, name) === label) await setChecksum(trx, owner, name, await checksumOf(migration));
      }
    }
  });
}

/** What has run, by owner and name, in ms since the epoch. */
async function readKnown(trx: Transaction<unknown>, sets: readonly MigrationSet[]) {
  const executed = await readExecuted(trx, sets);
  const unknown = sets.flatMap((set) =>
    listUnknown(set, executed.get(set.owner)).map((name) => labelOf(set.owner, name)),
  );
  if (unknown.length === 0) return executed;
  const replaced = listReplacing(sets).flatMap(({ replaces }) => replaces);
  if (unknown.every((name) => replaced.includes(name))) {
    throw new MigrationError(
      `This database is of a version in which subgraphs had no migrations of their own: run 'npm run db -- migrate' first.`,
    );
  }
  throw new MigrationError(
    `This database has run migrations that this version of the code does not have: ${unknown.join(', ')}. Run the version that has them, or take them back with that version (npm run db -- rollback, once for each) and then run this one.`,
  );
}

function listUnknown({ migrations }: MigrationSet, executed: ReadonlyMap<string, number> | undefined) {
  return [...(executed?.keys() ?? [])].filter((name) => !Object.hasOwn(migrations, name)).sort();
}

async function inMigration<T>(
  adminUrl: string,
  { owners = migrationOwners, lockTimeoutMs = defaultLockTimeoutMs }: MigrationOptions = {},
  fn: (trx: Transaction<unknown>, sets: readonly MigrationSet[]) => Promise<T>,
): Promise<T> {
  const pool = new pg.Pool({
    connectionString: adminUrl,
    max: 1,
    application_name: 'signet migrate',
    connectionTimeoutMillis: 5000,
  });
  pool.on('error', () => {}); // A lost connection fails the statement that waits on it as well.
  const db = new Kysely<unknown>({
    dialect: new MigrationDialect({
      pool,
      onCreateConnection: (connection) =>
        connection.executeQuery(CompiledQuery.raw(`set role ${ownerRole}`)).then(),
    }),
  });
  try {
    const [sets] = await Promise.all([loadMigrations(owners), restrictRights(pool)]);
    return await db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${sql.lit(lockId)})`.execute(trx);
      await sql`set local lock_timeout = ${sql.lit(lockTimeoutMs)}`.execute(trx);
      return await fn(trx, sets);
    });
  } finally {
    await db.destroy();
    if (!pool.ended) await pool.end();
  }
}

/** As this user nothing can be migrated; a connection that cannot become the owner would be waited for at the end, for ever. */
async function refuseStranger(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string; isMember: boolean }>(
    `select current_user as name, pg_has_role(current_user, $1, 'SET') as "isMember"`,
    [ownerRole],
  );
  const [user] = rows;
  if (user?.isMember) return;
  throw new MigrationError(
    `The user '${user?.name}' of DATABASE_URL may not act as ${ownerRole}: use a superuser, or the role that made the roles.`,
  );
}

/** Before the first migration: the database is the owner's to build in, and closed to everybody else. */
async function restrictRights(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await refusePooler(client);
    await refuseOlderServer(client);
    const state = await isRestricted(client);
    if (state === undefined)
      throw new MigrationError(
        `The role ${ownerRole} is missing: 'npm run db -- migrate' creates the roles, given their passwords (SIGNET_AUTH_USER_PASSWORD and so on).`,
      );
    await refuseStranger(client);
    if (state) return;
    const { rows } = await client.query<{ name: string }>('select current_database() as name');
    for (const { name } of rows) await restrictDatabase(client, name);
    await restrictPublicSchema(client);
  } finally {
    client.release();
  }
}

/**
 * Without kysely's lock: it ends before the transaction does, and to end it in a transaction that failed is an error which would
 * hide why.
 */
class MigrationDialect extends PostgresDialect {
  override createAdapter(): PostgresAdapter {
    return Object.assign(new PostgresAdapter(), {
      acquireMigrationLock: async () => {},
      releaseMigrationLock: async () => {},
    });
  }
}

function createMigrator(trx: Transaction<unknown>, { owner, migrations }: MigrationSet): Migrator {
  return new Migrator({
    db: trx,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableSchema: 'migration',
    migrationTableName: owner.table,
  });
}

/** Kysely says which two have changed places. */
const hintOnOrder =
  ' Where it is a migration of your own, move it to the migrations/ of one of your subgraphs, which have numbers of their own (CONTRIBUTING.md, "Change the database").';

function namesOf({ owner }: MigrationSet, { error, results = [] }: MigrationResultSet): string[] {
  if (error === undefined) return results.map(({ migrationName }) => labelOf(owner, migrationName));
  const failed = results.find(({ status }) => status === 'Error');
  const message = error instanceof Error ? error.message : String(error);
  throw new MigrationError(
    failed
      ? `Migration ${labelOf(owner, failed.migrationName)} failed, nothing was changed: ${message}`
      : `Migration failed, nothing was changed: ${message}${message.startsWith('corrupted') ? hintOnOrder : ''}`,
    { cause: error },
  );
}
