import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBreaks, readCatalogue } from './find-breaks.test-support.ts';
import { migrateToLatest } from './migrate.ts';
import { loadMigrations, type MigrationOwner, migrationOwners } from './migration-owners.ts';
import { removeSchemas } from './schema-description.test-support.ts';

const { version, migrations: lastOf } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../deploy/upgrade/previous-release.json'), 'utf8'),
) as { version: string; migrations: Record<string, string> };

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-migrations-'));
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const isOfRelease = (owner: MigrationOwner, name: string) => name <= (lastOf[owner.name] ?? '');

/** The owner with those migrations only that the last release has. */
async function asReleased(owner: MigrationOwner): Promise<MigrationOwner> {
  const copy = await mkdtemp(join(folder, `${owner.name}-`));
  const files = await readdir(owner.folder).catch((): string[] => []);
  for (const file of files.filter(
    (name) => /^\d{4}-.*\.ts$/.test(name) && isOfRelease(owner, name.slice(0, -3)),
  )) {
    await writeFile(join(copy, file), `export * from ${JSON.stringify(join(owner.folder, file))};`);
  }
  return { ...owner, folder: copy };
}

it(`what is new since ${version} breaks nothing for its processes, which run on while the migrations do`, async () => {
  const breaks: Record<string, string> = {};
  for (const { owner, migrations } of await loadMigrations(migrationOwners)) {
    for (const [name, migration] of Object.entries(migrations)) {
      if (!isOfRelease(owner, name)) Object.assign(breaks, migration.breaks);
    }
  }
  await removeSchemas(database);
  await migrateToLatest(database.adminUrl, { owners: await Promise.all(migrationOwners.map(asReleased)) });
  const before = await readCatalogue(database);
  expect(before.get('table')?.size).toBeGreaterThan(50);
  await migrateToLatest(database.adminUrl);
  // CONTRIBUTING.md, "Change the database", says what to do about a line here.
  expect(findBreaks(before, await readCatalogue(database))).toEqual(Object.keys(breaks).sort());
  for (const reason of Object.values(breaks)) expect(reason).toMatch(/\w+ \w+ \w+/);
});

describe('findBreaks sees', () => {
  it.each([
    ['drop table portal.support_note', 'table portal.support_note: is gone'],
    ['alter table portal.support_note rename to note', 'table portal.support_note: is gone'],
    [
      'alter table portal.support_note rename column body to text',
      'column portal.support_note.body: is gone',
    ],
    [
      'alter table portal.support_note alter body type varchar(90)',
      'column portal.support_note.body: has another type',
    ],
    [
      'alter table portal.support_note alter body type bytea using null',
      'table portal.support_note: is written anew',
    ],
    ['alter table auth.user alter language set not null', 'column auth."user".language: must not be null'],
    ['alter table auth.user alter full_name drop default', 'column auth."user".full_name: has no default'],
    [
      'alter table portal.support_note add x integer not null',
      'column portal.support_note.x: is new, must not be null and has no default',
    ],
    [
      `alter table portal.support_note add constraint short check (length(body) < 5)`,
      'constraint short on portal.support_note: is new',
    ],
    [
      'create index extra on portal.support_note (body)',
      'index extra on portal.support_note: is built while writers wait',
    ],
    [
      'drop index auth.person_request_due; drop index auth.user_request_open',
      'index user_request_open on auth.user_request: is gone, and was unique',
    ],
    [
      'drop function auth.take_user_mails(integer, integer)',
      'function auth.take_user_mails(integer,integer): is gone',
    ],
    [
      'revoke insert (body) on portal.support_note from signet_portal',
      'right INSERT of signet_portal on portal.support_note.body: is gone',
    ],
    [
      'create policy nobody on portal.support_note as restrictive using (false)',
      'policy nobody on portal.support_note: is new, and restrictive',
    ],
  ])('%s', async (statement, line) => {
    const client = new pg.Client({ connectionString: database.adminUrl });
    await client.connect();
    const query = async (sql: string) => (await client.query(sql)).rows;
    try {
      await query('begin');
      const before = await readCatalogue({ query });
      expect(findBreaks(before, before)).toEqual([]);
      await query(statement);
      expect(findBreaks(before, await readCatalogue({ query }))).toContain(line);
    } finally {
      await client.end();
    }
  });

  it('nothing in what old processes do not notice', async () => {
    const before = await readCatalogue(database);
    await database.query(`
      create table portal.extra (id integer primary key, note_id uuid not null);
      create index extra_note on portal.extra (note_id);
      alter table portal.support_note add pinned boolean not null default false, add colour text;
      grant select (pinned) on portal.support_note to signet_portal;
      drop index auth.person_request_due`);
    expect(findBreaks(before, await readCatalogue(database))).toEqual([]);
  });
});
