import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MigrationError, migrateToLatest, migrationStatus, rollback } from './migrate.ts';
import { describeSchema } from './schema-description.test-support.ts';

const migrations = join(import.meta.dirname, '../migrations');
let names: string[];
let database: TestDatabase;

beforeEach(async () => {
  names = (await readdir(migrations))
    .filter((file) => /^\d{4}-.*\.ts$/.test(file))
    .map((file) => file.slice(0, -3))
    .sort();
  database = await createTestDatabase();
});
afterEach(() => database.drop());

async function rollbackAll(): Promise<string[]> {
  const undone: string[] = [];
  for (
    let step = await rollback(database.adminUrl);
    step.length > 0;
    step = await rollback(database.adminUrl)
  ) {
    undone.push(...step);
  }
  return undone;
}

describe('the migrations', () => {
  it('give the same schema up, down and up again, and leave nothing when all are down', async () => {
    const before = await describeSchema(database);
    expect(before.length).toBeGreaterThan(100);
    expect(await rollbackAll()).toEqual(names.toReversed());
    expect(await describeSchema(database)).toEqual([]);
    expect(await migrateToLatest(database.adminUrl)).toEqual(names);
    expect(await describeSchema(database)).toEqual(before);
  });

  it('give each step back as it was', async () => {
    const schemas: string[][] = [];
    await rollbackAll();
    const folder = await mkdtemp(join(tmpdir(), 'signet-steps-'));
    try {
      await cp(join(migrations, 'support'), join(folder, 'support'), { recursive: true });
      for (const name of names) {
        schemas.push(await describeSchema(database));
        await cp(join(migrations, `${name}.ts`), join(folder, `${name}.ts`));
        expect(await migrateToLatest(database.adminUrl, { folder })).toEqual([name]);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
    for (const [index, name] of [...names.entries()].toReversed()) {
      expect(await rollback(database.adminUrl)).toEqual([name]);
      expect(await describeSchema(database), `after ${name} was taken back`).toEqual(schemas[index]);
    }
  });

  it('belong to the owner, everything that they make', async () => {
    const rows = await database.query(
      `select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname !~ '^(pg_|information_schema|public)' and c.relowner <> 'signet_owner'::regrole`,
    );
    expect(rows).toEqual([]);
  });
});

describe('migrateToLatest', () => {
  it('runs each migration once when several start at once', async () => {
    await rollbackAll();
    const runs = await Promise.all([1, 2, 3, 4].map(() => migrateToLatest(database.adminUrl)));
    expect(runs.flat()).toEqual(names);
  });

  it('does nothing where there is nothing to do', async () => {
    expect(await migrateToLatest(database.adminUrl)).toEqual([]);
  });

  it('leaves the data as it was when a migration fails, and names it', async () => {
    await database.addTenant('kept');
    const folder = await addMigrations({
      '9001-good.ts': `export const up = (db) => db.schema.createTable('catalog.extra').addColumn('id', 'integer').execute();`,
      '9002-bad.ts': `export const up = (db) => db.deleteFrom('auth.tenant').execute().then(() => db.selectFrom('auth.nowhere').execute());`,
    });
    const failure = await migrateToLatest(database.adminUrl, { folder }).catch((error) => error);
    expect(failure).toBeInstanceOf(MigrationError);
    expect(failure.message).toBe(
      'Migration 9002-bad failed, nothing was changed: relation "auth.nowhere" does not exist',
    );
    expect(await database.query('select slug from auth.tenant')).toEqual([{ slug: 'kept' }]);
    expect((await migrationStatus(database.adminUrl)).map(({ name }) => name)).toEqual(names);
    expect(await database.query(`select to_regclass('catalog.extra') as extra`)).toEqual([{ extra: null }]);
    await rm(folder, { recursive: true });
  });

  it('says which migration cannot be taken back', async () => {
    const folder = await addMigrations({
      '9001-good.ts': `export const up = async () => {};\nexport const down = async () => { throw new Error('stays'); };`,
    });
    await migrateToLatest(database.adminUrl, { folder });
    await expect(rollback(database.adminUrl, { folder })).rejects.toThrow(
      'Migration 9001-good failed, nothing was changed: stays',
    );
    await rm(folder, { recursive: true });
  });
});

describe('migrationStatus', () => {
  it('tells what has run and what is to come', async () => {
    await rollback(database.adminUrl);
    const status = await migrationStatus(database.adminUrl);
    expect(status.map(({ name }) => name)).toEqual(names);
    expect(status.map(({ executedAt }) => executedAt instanceof Date)).toEqual(
      names.map((_, index) => index < names.length - 1),
    );
  });
});

/** A copy of the folder of migrations, with more of them. */
async function addMigrations(files: Record<string, string>): Promise<string> {
  const folder = join(tmpdir(), `signet-migrations-${randomBytes(4).toString('hex')}`);
  await cp(migrations, folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}
