import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findChangedMigrations } from './changed-migrations.ts';
import { migrateToLatest, rollback } from './migrate.ts';
import { type MigrationOwner, migrationOwners } from './migration-owners.ts';

let database: TestDatabase;
let folder: string;
let owners: MigrationOwner[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-changed-'));
  database = await createTestDatabase();
  owners = [...migrationOwners, { name: 'things', folder, table: 'subgraph_things' }];
  await writeMigration('first');
  await migrateToLatest(database.adminUrl, { owners });
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const writeMigration = (text: string) =>
  writeFile(
    join(folder, '0001-things.ts'),
    `// ${text}\nexport async function up() {}\nexport async function down() {}\n`,
  );
const find = (notes = 'notes.json') =>
  findChangedMigrations(database.adminUrl, join(folder, notes), { owners });

it('names a migration whose file changed after it ran, until it runs again', async () => {
  expect(await find()).toEqual([]);
  expect(await find()).toEqual([]);
  await writeMigration('second');
  expect(await find()).toEqual(['things/0001-things']);
  expect(await find()).toEqual(['things/0001-things']);
  expect(await find('of-another-home.json')).toEqual([]);

  expect(await rollback(database.adminUrl, { owners })).toEqual(['things/0001-things']);
  expect(await find()).toEqual([]);
  await migrateToLatest(database.adminUrl, { owners });
  expect(await find()).toEqual([]);
});

it('begins anew with a damaged file of notes', async () => {
  await writeFile(join(folder, 'damaged.json'), '{"things/0001');
  expect(await find('damaged.json')).toEqual([]);
  await writeMigration('third');
  expect(await find('damaged.json')).toEqual(['things/0001-things']);
});
