import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import {
  type CompiledQuery,
  type DatabaseConnection,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
  type Transaction,
} from 'kysely';
import {
  labelOf,
  type MigrationOwner,
  type MigrationSet,
  root,
  type SignetMigration,
} from './migration-owners.ts';

/** A migration that says something else than this database has run. */
export type ChangedMigration = {
  /** As labelOf gives it. */
  name: string;
  /** Its file, from the root of the repository. */
  file: string;
};

type Executed = ReadonlyMap<MigrationOwner, { has(name: string): boolean }>;

/** A migration that waits in a loop for rows would otherwise never end here. */
const maxStatements = 10_000;

/**
 * SHA-256 of the SQL that `up` sends to a database without rows, without comments and differences of white space. It follows what a
 * migration does, through the functions that it calls, and not how its file is written. What a migration decides by rows that
 * it reads is not in it.
 */
export async function checksumOf({ up }: Pick<SignetMigration, 'up'>): Promise<string> {
  const hash = createHash('sha256');
  let count = 0;
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql: text, parameters }: CompiledQuery) {
      count += 1;
      if (count > maxStatements) throw new Error('The checksum of a migration has enough statements.');
      hash.update(`${normalizeSql(text)}\n${JSON.stringify(parameters)}\n`);
      return { rows: [] as R[], numAffectedRows: 0n };
    },
    async *streamQuery() {},
  };
  const db = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => Object.assign(new DummyDriver(), { acquireConnection: async () => connection }),
      createIntrospector: (each) => new PostgresIntrospector(each),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  // One that needs a row fails here. What it sent until then is its checksum.
  await up(db).catch(() => {});
  return hash.digest('hex');
}

/** Quoted texts and names stay. Bodies of functions are SQL too, so dollar quotes are none here. */
export function normalizeSql(text: string): string {
  return text
    .replace(
      /('(?:[^']|'')*'|"(?:[^"]|"")*")|--[^\n]*|\/\*[\s\S]*?\*\/|\s+/g,
      (_all, quoted) => quoted ?? ' ',
    )
    .replace(
      /('(?:[^']|'')*'|"(?:[^"]|"")*")| *([(),;]) *| +/g,
      (_all, quoted, mark) => quoted ?? mark ?? ' ',
    )
    .trim();
}

/** Of what has run: the migrations whose checksum is not the one that was recorded. */
export async function findChanged(
  trx: Transaction<unknown>,
  sets: readonly MigrationSet[],
  executed: Executed,
): Promise<ChangedMigration[]> {
  const changed: ChangedMigration[] = [];
  for (const { owner, migrations } of sets) {
    const recorded = await readChecksums(trx, owner);
    for (const [name, migration] of Object.entries(migrations)) {
      const checksum = recorded.get(name);
      if (!checksum || !executed.get(owner)?.has(name) || checksum === (await checksumOf(migration)))
        continue;
      changed.push({ name: labelOf(owner, name), file: relative(root, `${owner.folder}/${name}.ts`) });
    }
  }
  return changed;
}

/** Gives each executed migration without a checksum the one of its file: those that just ran, and those from before there were checksums. */
export async function recordChecksums(
  trx: Transaction<unknown>,
  sets: readonly MigrationSet[],
): Promise<void> {
  for (const { owner, migrations } of sets) {
    const table = sql.id('migration', owner.table);
    if (!(await hasChecksums(trx, owner)))
      await sql`alter table ${table} add column checksum text`.execute(trx);
    const { rows } = await sql<{ name: string }>`select name from ${table} where checksum is null`.execute(
      trx,
    );
    for (const { name } of rows) {
      const migration = migrations[name];
      if (migration) await setChecksum(trx, owner, name, await checksumOf(migration));
    }
  }
}

export async function setChecksum(
  trx: Transaction<unknown>,
  owner: MigrationOwner,
  name: string,
  checksum: string,
): Promise<void> {
  await sql`update ${sql.id('migration', owner.table)} set checksum = ${checksum} where name = ${name}`.execute(
    trx,
  );
}

/** What somebody who starts or upgrades the platform is to read and do. */
export function describeChanged({ name, file }: ChangedMigration): string {
  return (
    `Warning: ${file} was changed after this database had run it, and is not run again: the database has what the file said before. ` +
    `Compare the two ('git log -p ${file}', CHANGELOG.md), make the difference by hand, then run 'npm run db -- accept-migration ${name}'. One of your own that you still try out: 'npm run db -- rollback'.`
  );
}

async function readChecksums(trx: Transaction<unknown>, owner: MigrationOwner): Promise<Map<string, string>> {
  if (!(await hasChecksums(trx, owner))) return new Map();
  const { rows } = await sql<{ name: string; checksum: string }>`
    select name, checksum from ${sql.id('migration', owner.table)} where checksum is not null`.execute(trx);
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

async function hasChecksums(trx: Transaction<unknown>, { table }: MigrationOwner): Promise<boolean> {
  const { rows } = await sql`
    select from pg_attribute where attrelid = to_regclass(${`migration.${table}`})
      and attname = 'checksum' and not attisdropped`.execute(trx);
  return rows.length > 0;
}
