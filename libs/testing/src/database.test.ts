import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from './database.ts';

describe('createTestDatabase', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('gives a migrated database without rows', async () => {
    expect(await database.query('select id from auth.tenant')).toEqual([]);
  });

  it('gives each caller a database of its own', async () => {
    const other = await createTestDatabase();
    await other.addTenant('elsewhere');
    expect(await database.query(`select id from auth.tenant where slug = 'elsewhere'`)).toEqual([]);
    await other.drop();
  });

  it('connects as a process role, not as the admin', async () => {
    const client = new pg.Client({ connectionString: database.urlOf('signet_portal') });
    await client.connect();
    const { rows } = await client.query('select current_user as role');
    await client.end();
    expect(rows).toEqual([{ role: 'signet_portal' }]);
  });

  it.each([
    'set role signet_portal',
    `select set_config('role', 'signet_portal', false)`,
    'begin; set local role signet_portal',
  ])('leaves nothing of one statement to the next: %s', async (statement) => {
    await database.query(statement);
    const rows = await Promise.all([1, 2].map(() => database.query('select current_user as name')));
    expect(rows).toEqual(Array(2).fill([{ name: decodeURIComponent(new URL(database.adminUrl).username) }]));
  });

  it('runs statements again after its connections were ended', async () => {
    await database.query('select 1');
    await database.query(
      'select pg_terminate_backend(pid, 30_000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await expect.poll(() => database.query('select 1 as one').catch(() => undefined)).toEqual([{ one: 1 }]);
  });

  it('drops a database in which a statement waits', async () => {
    const other = await createTestDatabase();
    const waiting = expect(other.query('select pg_sleep(300)')).rejects.toThrow();
    await expect
      .poll(() => other.query(`select from pg_stat_activity where state = 'active' and query like '%(300)'`))
      .toHaveLength(1);
    await other.drop();
    await waiting;
  });

  it('drops a database that still has connections', async () => {
    const other = await createTestDatabase();
    const client = new pg.Client({ connectionString: other.adminUrl });
    client.on('error', () => {});
    await client.connect();
    await other.drop();
    await expect(
      database.query('select 1 from pg_database where datname = $1', [
        new URL(other.adminUrl).pathname.slice(1),
      ]),
    ).resolves.toEqual([]);
    await client.end().catch(() => {});
  });
});
