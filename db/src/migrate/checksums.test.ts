import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checksumOf, describeChanged, normalizeSql } from './checksums.ts';
import {
  acceptMigration,
  type MigrationOwner,
  migrateToLatest,
  migrationStatus,
  rollback,
} from './migrate.ts';
import { loadMigrations, migrationOwners } from './migration-owners.ts';

const fileOf = (text: string, comment = '') => `
  ${comment}
  import { sql } from '${import.meta.resolve('kysely')}';
  export async function up(db) { await sql.raw(\`${text}\`).execute(db); }
  export async function down(db) { await sql.raw('drop schema reviews cascade').execute(db); }`;
const first =
  'create schema reviews; create table reviews.review (id uuid, "my  name" text default \'a  b\')';

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  [database, folder] = await Promise.all([
    createTestDatabase(),
    mkdtemp(join(tmpdir(), 'signet-migrations-')),
  ]);
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

let version = 0;
/** Each in a folder of its own below: a module that was imported once is not read again. */
async function asOwner(text: string, comment?: string): Promise<MigrationOwner[]> {
  version += 1;
  const mine = await mkdtemp(join(folder, `${version}-`));
  await writeFile(join(mine, '0001-reviews.ts'), fileOf(text, comment));
  return [...migrationOwners, { name: 'reviews', folder: mine, table: 'subgraph_reviews' }];
}

async function migrate(owners: readonly MigrationOwner[]) {
  const changed: string[] = [];
  const ran = await migrateToLatest(database.adminUrl, {
    owners,
    onChanged: (each) => changed.push(...each.map(({ name }) => name)),
  });
  return { ran, changed };
}

describe('a migration that has run', () => {
  it('is named when its SQL has changed, runs no second time, and keeps no later one from running', async () => {
    expect(await migrate(await asOwner(first))).toEqual({ ran: ['reviews/0001-reviews'], changed: [] });
    const edited = await asOwner(`${first}; create table reviews.late (id uuid)`);
    await writeFile(
      join(edited.at(-1)?.folder ?? '', '0002-more.ts'),
      fileOf('create table reviews.more ()'),
    );
    expect(await migrate(edited)).toEqual({ ran: ['reviews/0002-more'], changed: ['reviews/0001-reviews'] });
    expect(await migrate(edited)).toEqual({ ran: [], changed: ['reviews/0001-reviews'] });
    const states = await migrationStatus(database.adminUrl, { owners: edited });
    expect(states.filter(({ hasChanged }) => hasChanged).map(({ name }) => name)).toEqual([
      'reviews/0001-reviews',
    ]);
    expect(await database.query(`select to_regclass('reviews.late') is null as "isMissing"`)).toEqual([
      { isMissing: true },
    ]);
  });

  it('is not named for comments, white space or another way to write the same', async () => {
    await migrate(await asOwner(first));
    const same = `create schema reviews;  -- ours, and nobody else's
      /* one
         row each */
      create table reviews.review ( id uuid,
        "my  name" text default 'a  b' )`;
    expect(await migrate(await asOwner(same, '// A comment, and `a text`.'))).toEqual({
      ran: [],
      changed: [],
    });
    expect((await migrate(await asOwner(first.replace('a  b', 'a b')))).changed).toEqual([
      'reviews/0001-reviews',
    ]);
  });

  it('is named no longer once somebody has accepted it, and cannot be accepted where nothing has changed', async () => {
    await migrate(await asOwner(first));
    const owners = await asOwner(`${first}; create table reviews.late (id uuid)`);
    await acceptMigration(database.adminUrl, 'reviews/0001-reviews', { owners });
    expect(await migrate(owners)).toEqual({ ran: [], changed: [] });
    await expect(acceptMigration(database.adminUrl, 'reviews/0001-reviews', { owners })).rejects.toThrow(
      'reviews/0001-reviews is no migration that was changed after it had run. There is none.',
    );
  });

  it('is taken as it is where a version without checksums ran it, and anew after it was taken back', async () => {
    const owners = await asOwner(first);
    await migrate(owners);
    for (const { table } of owners) {
      await database.query(`alter table if exists migration.${table} drop column checksum`);
    }
    expect((await migrationStatus(database.adminUrl, { owners })).some(({ hasChanged }) => hasChanged)).toBe(
      false,
    );
    expect(await migrate(owners)).toEqual({ ran: [], changed: [] });
    const later = await asOwner(`${first}; create table reviews.late (id uuid)`);
    expect((await migrate(later)).changed).toEqual(['reviews/0001-reviews']);
    await rollback(database.adminUrl, { owners: later });
    expect(await migrate(later)).toEqual({ ran: ['reviews/0001-reviews'], changed: [] });
    expect(await migrate(later)).toEqual({ ran: [], changed: [] });
  });
});

describe('a checksum', () => {
  it('is the same each time, of every migration of this repository', async () => {
    const all = async () =>
      Promise.all(
        (await loadMigrations(migrationOwners)).flatMap(({ migrations }) =>
          Object.values(migrations).map(checksumOf),
        ),
      );
    const checksums = await all();
    expect(await all()).toEqual(checksums);
    expect(new Set(checksums).size).toBe(checksums.length);
  });

  it('follows the functions that a migration calls, and parameters', async () => {
    const of = (text: string, value: number) =>
      checksumOf({
        up: async (db: Kysely<unknown>) => {
          const helper = () => sql`insert into t values (${value})`.execute(db);
          await sql.raw(text).execute(db);
          await helper();
        },
      });
    expect(await of('select  1', 2)).toBe(await of('select 1', 2));
    expect(await of('select 1', 2)).not.toBe(await of('select 1', 3));
    expect(await of('select 1', 2)).not.toBe(await of('select 2', 2));
  });

  it('has an end where a migration waits for rows', async () => {
    const up = async (db: Kysely<unknown>) => {
      for (;;) if ((await sql`select 1`.execute(db)).rows.length > 0) return;
    };
    expect(await checksumOf({ up })).toMatch(/^[0-9a-f]{64}$/);
  });
});

it('removes comments and white space of SQL, and nothing between quotes', () => {
  expect(normalizeSql(` select ( 'it''s -- none' ,\n "a  b" ) -- 'one'\n  from t;\n`)).toBe(
    `select('it''s -- none',"a  b")from t;`,
  );
});

it('says which file, what is the case and what to do', () => {
  expect(
    describeChanged({ name: 'reviews/0001-reviews', file: 'subgraphs/reviews/migrations/0001-reviews.ts' }),
  ).toBe(
    "Warning: subgraphs/reviews/migrations/0001-reviews.ts was changed after this database had run it, and is not run again: the database has what the file said before. Compare the two ('git log -p subgraphs/reviews/migrations/0001-reviews.ts', CHANGELOG.md), make the difference by hand, then run 'npm run db -- accept-migration reviews/0001-reviews'. One of your own that you still try out: 'npm run db -- rollback'.",
  );
});
