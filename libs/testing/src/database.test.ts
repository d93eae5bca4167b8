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
