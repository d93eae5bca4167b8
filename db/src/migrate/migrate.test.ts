import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MigrationError, migrateToLatest, migrationStatus, rollback } from './migrate.ts';
import { labelOf, loadMigrations, type MigrationOwner, migrationOwners } from './migration-owners.ts';
import { describeSchema, removeSchemas } from './schema-description.test-support.ts';

// Each test takes a database down and builds it again, statement by statement: how long that takes is up to the machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folders: string[] = [];
let names: string[];
let database: TestDatabase;

beforeEach(async () => {
  const sets = await loadMigrations(migrationOwners);
  names = sets.flatMap(({ owner, migrations }) =>
    Object.keys(migrations).map((name) => labelOf(owner, name)),
  );
  database = await createTestDatabase();
});
afterEach(async () => {
  await database.drop();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

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

/** The owner with another folder: the first `count` of its migrations, and more of them. */
async function withFolder(
  owner: MigrationOwner,
  { count = 99, files = {} }: { count?: number; files?: Record<string, string> },
): Promise<MigrationOwner> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-migrations-'));
  folders.push(folder);
  const present = (await readdir(owner.folder)).filter((file) => /^\d{4}-/.test(file)).sort();
  for (const file of present.slice(0, count)) {
    await writeFile(join(folder, file), `export * from ${JSON.stringify(join(owner.folder, file))};`);
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return { ...owner, folder };
}

async function addToPlatform(files: Record<string, string>): Promise<MigrationOwner[]> {
  return Promise.all(
    migrationOwners.map((owner) => (owner.name === 'platform' ? withFolder(owner, { files }) : owner)),
  );
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
    await removeSchemas(database);
    const complete: MigrationOwner[] = [];
    for (const { owner, migrations } of await loadMigrations(migrationOwners)) {
      for (const [index, name] of Object.keys(migrations).entries()) {
        schemas.push(await describeSchema(database));
        const owners = [...complete, await withFolder(owner, { count: index + 1 })];
        expect(await migrateToLatest(database.adminUrl, { owners })).toEqual([labelOf(owner, name)]);
      }
      complete.push(owner);
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

  it('of the platform need those of no subgraph', async () => {
    await removeSchemas(database);
    const owners = migrationOwners.slice(0, 1);
    expect(await migrateToLatest(database.adminUrl, { owners })).toEqual(
      names.filter((name) => !name.includes('/')),
    );
  });
});

describe('migrateToLatest', () => {
  it('runs each migration once when several start at once', async () => {
    await removeSchemas(database);
    const runs = await Promise.all([1, 2, 3, 4].map(() => migrateToLatest(database.adminUrl)));
    expect(runs.flat()).toEqual(names);
  });

  it('does nothing where there is nothing to do', async () => {
    expect(await migrateToLatest(database.adminUrl)).toEqual([]);
  });

  it('gives way while a transaction holds a table: nobody waits behind it for long', async () => {
    const owners = await addToPlatform({
      '9001-wide.ts': `export const up = (db) => db.schema.alterTable('auth.tenant').addColumn('extra', 'text').execute();`,
    });
    const holder = new pg.Client({ connectionString: database.adminUrl });
    await holder.connect();
    await holder.query('begin; lock table auth.tenant in access share mode');
    let isDone = false;
    const run = migrateToLatest(database.adminUrl, { owners, lockTimeoutMs: 200 }).finally(() => {
      isDone = true;
    });
    const waiting = `select 1 from pg_locks where relation = 'auth.tenant'::regclass and not granted`;
    await expect.poll(() => database.query(waiting), { interval: 20 }).toHaveLength(1);
    // It waits behind the migration, which waits for the holder: without a limit, for as long as that likes.
    await database.query('select count(*) from auth.tenant');
    expect(isDone).toBe(false);
    await holder.query('rollback');
    await holder.end();
    expect(await run).toEqual(['9001-wide']);
  });

  it('begins again where it lost a deadlock to a transaction of a process', async () => {
    const owners = await addToPlatform({
      '9001-first.ts': `export const up = (db) => db.schema.alterTable('portal.support_note').addColumn('extra', 'text').execute();`,
      '9002-second.ts': `export const up = (db) => db.schema.alterTable('auth.tenant').addColumn('extra', 'text').execute();`,
    });
    const process = new pg.Client({ connectionString: database.adminUrl });
    await process.connect();
    // The run is the one that looks for a deadlock, and loses it.
    const adminUrl = new URL(database.adminUrl);
    adminUrl.searchParams.set('options', '-c deadlock_timeout=3s');
    await process.query(`set deadlock_timeout = '1min'; begin; lock table auth.tenant in access share mode`);
    const run = migrateToLatest(adminUrl.href, { owners, lockTimeoutMs: 60_000 });
    const waiting = `select 1 from pg_locks where relation = 'auth.tenant'::regclass and not granted`;
    await expect.poll(() => database.query(waiting), { interval: 20 }).toHaveLength(1);
    await process.query('lock table portal.support_note in access share mode; commit');
    await process.end();
    expect(await run).toEqual(['9001-first', '9002-second']);
  });

  it('keeps writers out of every table that it is going to lock before it changes one', async () => {
    const owners = await addToPlatform({
      '9001-log.ts': `export const locks = ['auth.audit_event'];
        export const up = (db) => db.schema.alterTable('auth.audit_event').addColumn('extra', 'text').execute();`,
      '9002-notes.ts': `export const locks = ['portal.support_note', 'portal.not_there'];
        export const up = (db) => db.schema.alterTable('portal.support_note').addColumn('extra', 'text').execute();`,
    });
    const writer = new pg.Client({ connectionString: database.adminUrl });
    await writer.connect();
    // As a process: its own row, then the log. It must not meet a run that holds the log and waits for its row.
    await writer.query(`begin; lock table portal.support_note in row exclusive mode`);
    const run = migrateToLatest(database.adminUrl, { owners, lockTimeoutMs: 60_000 });
    const waiting = `select 1 from pg_locks where relation = 'portal.support_note'::regclass and not granted`;
    await expect.poll(() => database.query(waiting), { interval: 20 }).toHaveLength(1);
    await writer.query(
      `set local lock_timeout = '1s'; lock table auth.audit_event in row exclusive mode; commit`,
    );
    await writer.end();
    expect(await run).toEqual(['9001-log', '9002-notes']);
  });

  it('leaves the data as it was when a migration fails, and names it', async () => {
    await database.addTenant('kept');
    const owners = await addToPlatform({
      '9001-good.ts': `export const up = (db) => db.schema.createTable('portal.extra').addColumn('id', 'integer').execute();`,
      '9002-bad.ts': `export const up = (db) => db.deleteFrom('auth.tenant').execute().then(() => db.selectFrom('auth.nowhere').execute());`,
    });
    const failure = await migrateToLatest(database.adminUrl, { owners }).catch((error) => error);
    expect(failure).toBeInstanceOf(MigrationError);
    expect(failure.message).toBe(
      'Migration 9002-bad failed, nothing was changed: relation "auth.nowhere" does not exist',
    );
    expect(await database.query('select slug from auth.tenant')).toEqual([{ slug: 'kept' }]);
    expect((await migrationStatus(database.adminUrl)).map(({ name }) => name)).toEqual(names);
    expect(await database.query(`select to_regclass('portal.extra') as extra`)).toEqual([{ extra: null }]);
  });

  it('says where a migration belongs that would come before those that have run', async () => {
    const owners = await addToPlatform({ '0000-late.ts': 'export async function up() {}' });
    await expect(migrateToLatest(database.adminUrl, { owners })).rejects.toThrow(
      /at index 0 but 0000-late was found .* move it to the migrations\/ of one of your subgraphs/,
    );
  });

  it('says which migration cannot be taken back', async () => {
    const owners = await addToPlatform({
      '9001-good.ts': `export const up = async () => {};\nexport const down = async () => { throw new Error('stays'); };`,
    });
    await migrateToLatest(database.adminUrl, { owners });
    await expect(rollback(database.adminUrl, { owners })).rejects.toThrow(
      'Migration 9001-good failed, nothing was changed: stays',
    );
  });
});

describe('migrations of a subgraph', () => {
  const files = {
    '0001-first.ts': `export const up = (db) => db.schema.createSchema('not_registered').execute();\nexport const down = (db) => db.schema.dropSchema('not_registered').execute();`,
    '0002-bad.ts': `export const up = (db) => db.selectFrom('not_registered.nowhere').execute();`,
  };
  const added = (folder: string): MigrationOwner => ({
    name: 'not_registered',
    folder,
    table: 'subgraph_not_registered',
  });

  it('come after those that are there, and are taken back first', async () => {
    const { '0002-bad.ts': _bad, ...good } = files;
    const owner = await withFolder(added(import.meta.dirname), { count: 0, files: good });
    const owners = [...migrationOwners, owner];
    expect(await migrateToLatest(database.adminUrl, { owners })).toEqual(['not_registered/0001-first']);
    expect((await migrationStatus(database.adminUrl, { owners })).at(-1)).toEqual({
      name: 'not_registered/0001-first',
      executedAt: expect.any(Date),
      hasChanged: false,
    });
    expect(await rollback(database.adminUrl, { owners })).toEqual(['not_registered/0001-first']);
    expect(await rollback(database.adminUrl, { owners })).toEqual(names.slice(-1));
  });

  it('change nothing at all when one fails', async () => {
    await rollback(database.adminUrl);
    const before = await describeSchema(database);
    const owners = [...migrationOwners, await withFolder(added(import.meta.dirname), { count: 0, files })];
    await expect(migrateToLatest(database.adminUrl, { owners })).rejects.toThrow(
      'Migration not_registered/0002-bad failed, nothing was changed: relation "not_registered.nowhere" does not exist',
    );
    expect(await describeSchema(database)).toEqual(before);
    expect(await migrateToLatest(database.adminUrl)).toEqual(names.slice(-1));
  });

  it('that was removed stay as they are, with their data, and disturb nobody', async () => {
    const { '0002-bad.ts': _bad, ...good } = files;
    const owner = await withFolder(added(import.meta.dirname), { count: 0, files: good });
    await migrateToLatest(database.adminUrl, { owners: [...migrationOwners, owner] });
    expect(await migrateToLatest(database.adminUrl)).toEqual([]);
    expect(await rollback(database.adminUrl)).toEqual(names.slice(-1));
    expect(await migrateToLatest(database.adminUrl)).toEqual(names.slice(-1));
    expect(await database.query('select name from migration.subgraph_not_registered')).toEqual([
      { name: '0001-first' },
    ]);
  });
});

describe('older code', () => {
  it('names the migrations that it does not have, says what to do, and changes nothing', async () => {
    const later = await addToPlatform({ '9001-later.ts': 'export const up = async () => {};' });
    await migrateToLatest(database.adminUrl, { owners: later });
    for (const attempt of [migrateToLatest, rollback]) {
      await expect(attempt(database.adminUrl)).rejects.toThrow(
        'This database has run migrations that this version of the code does not have: 9001-later. Run the version that has them, or take them back with that version (npm run db -- rollback, once for each) and then run this one.',
      );
    }
    expect((await migrationStatus(database.adminUrl)).at(-1)?.name).toBe('9001-later');
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
