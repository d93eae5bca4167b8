import { sql, type Transaction } from 'kysely';
import { labelOf, MigrationError, type MigrationOwner, type MigrationSet } from './migration-owners.ts';

/** The last migration of the time when the platform and the shop had one list. */
const lastShared = '0014-key-events';

/** What has run of each owner: names with their time, in ms since the epoch. */
export type ExecutedMigrations = ReadonlyMap<MigrationOwner, ReadonlyMap<string, number>>;

export async function readExecuted(
  trx: Transaction<unknown>,
  sets: readonly MigrationSet[],
): Promise<ExecutedMigrations> {
  const executed = new Map<MigrationOwner, ReadonlyMap<string, number>>();
  for (const { owner } of sets) executed.set(owner, await readTable(trx, owner.table));
  return executed;
}

/**
 * Takes over what ran while the platform and the shop had one list of migrations. A subgraph's migration that says `replaces`
 * counts as executed in the subgraph's own list once `adopt` has made what it left equal to what `up` makes now. Returns the names
 * of those migrations, nothing where the database is empty or was taken over before.
 *
 * @throws {MigrationError} where the database is older than the last shared migration
 */
export async function replaceSharedMigrations(
  trx: Transaction<unknown>,
  sets: readonly MigrationSet[],
): Promise<string[]> {
  const platform = sets.find(({ owner }) => owner.name === 'platform');
  if (!platform) return [];
  const executed = await readTable(trx, platform.owner.table);
  const found = listReplacing(sets).filter(({ replaces }) => replaces.some((old) => executed.has(old)));
  if (found.length === 0) return [];
  if (!executed.has(lastShared)) {
    throw new MigrationError(
      `This database is at ${[...executed.keys()].sort().at(-1)}, and this version of the code upgrades from ${lastShared} on: run 'npm run db -- migrate' with the version before this one first (CHANGELOG.md), then this one again.`,
    );
  }
  for (const { owner, name, replaces, adopt } of found) {
    await adopt?.(trx).catch((error: Error) => {
      throw new MigrationError(
        `Migration ${labelOf(owner, name)} failed, nothing was changed: ${error.message}`,
        { cause: error },
      );
    });
    await markExecuted(trx, owner, name);
    await sql`delete from ${sql.id('migration', platform.owner.table)} where name = any(${replaces})`.execute(
      trx,
    );
  }
  return found.map(({ owner, name }) => labelOf(owner, name));
}

/** Migrations that take the place of others. */
export function listReplacing(sets: readonly MigrationSet[]) {
  return sets.flatMap(({ owner, migrations }) =>
    Object.entries(migrations).flatMap(([name, { replaces = [], adopt }]) =>
      replaces.length > 0 ? [{ owner, name, replaces, adopt }] : [],
    ),
  );
}

async function readTable(trx: Transaction<unknown>, table: string): Promise<Map<string, number>> {
  const { rows: found } = await sql<{ isThere: boolean }>`
    select to_regclass(${`migration.${table}`}) is not null as "isThere"`.execute(trx);
  if (!found[0]?.isThere) return new Map();
  const { rows } = await sql<{ name: string; timestamp: string }>`
    select name, timestamp from ${sql.id('migration', table)}`.execute(trx);
  return new Map(rows.map(({ name, timestamp }) => [name, Date.parse(timestamp)]));
}

/** The table is as kysely's Migrator makes it. The time is now, so that a rollback takes it before what the platform had by then. */
async function markExecuted(trx: Transaction<unknown>, owner: MigrationOwner, name: string): Promise<void> {
  const table = sql.id('migration', owner.table);
  await sql`
    create table if not exists ${table} (name varchar(255) not null primary key, timestamp varchar(255) not null)
  `.execute(trx);
  await sql`insert into ${table} (name, timestamp) values (${name}, ${new Date().toISOString()})`.execute(
    trx,
  );
}
