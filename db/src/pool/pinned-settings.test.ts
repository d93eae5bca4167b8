import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase } from '../database.ts';
import { splitOptions } from './pinned-settings.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const [{ name }] = await database.query('select quote_ident(current_database()) as name');
  // What an administrator may have set, for reasons of other programs.
  const settings = [
    `datestyle = 'SQL, DMY'`,
    `intervalstyle = 'sql_standard'`,
    `timezone = 'Asia/Tokyo'`,
    `extra_float_digits = -10`,
    `bytea_output = 'escape'`,
    `standard_conforming_strings = off`,
    `transform_null_equals = on`,
    `search_path = 'nowhere'`,
    `default_transaction_isolation = 'serializable'`,
    `default_transaction_read_only = on`,
    `lock_timeout = 1`,
    `idle_in_transaction_session_timeout = 10`,
    `statement_timeout = 3`,
    `transaction_timeout = 5`,
  ];
  // In one go: the next connection has them.
  await database.query(settings.map((setting) => `alter database ${name} set ${setting}`).join('; '));
});
afterAll(() => database.drop());

it('reads the same values, whatever the defaults of the database are', async () => {
  await using db = createDatabase(database.urlOf('signet_auth_user'));
  const { rows } = await sql`
    select timestamptz '2026-02-03 04:05:06.789+00' as time, date '2026-02-03' as day, interval '1 day 2 hours' as span,
      0.1::float8 + 0.2::float8 as float, '\\xc3a4'::bytea as bytes, 'a\\b' as backslash, null = null as "isNull"
  `.execute(db);
  expect(rows).toEqual([
    {
      time: new Date('2026-02-03T04:05:06.789Z'),
      day: expect.any(Date),
      span: expect.objectContaining({ days: 1, hours: 2 }),
      float: 0.30000000000000004,
      bytes: Buffer.from([0xc3, 0xa4]),
      backslash: 'a\\b',
      isNull: null,
    },
  ]);
});

it('works in the same transactions, with the same limits', async () => {
  await using db = createDatabase(database.urlOf('signet_auth_user'));
  const shown: Record<string, string> = {};
  for (const name of [
    'transaction_isolation',
    'transaction_read_only',
    'search_path',
    'lock_timeout',
    'idle_in_transaction_session_timeout',
    'statement_timeout',
    'transaction_timeout',
  ]) {
    const { rows } = await sql<Record<string, string>>`show ${sql.raw(name)}`.execute(db);
    Object.assign(shown, rows[0]);
  }
  expect(shown).toEqual({
    transaction_isolation: 'read committed',
    transaction_read_only: 'off',
    search_path: 'public',
    lock_timeout: '0',
    idle_in_transaction_session_timeout: '0',
    statement_timeout: '5s',
    transaction_timeout: '20s',
  });
});

it('keeps what the URL asks for beside', async () => {
  const url = `${database.urlOf('signet_auth_user')}?options=${encodeURIComponent('-c work_mem=7MB -c datestyle=German')}`;
  await using db = createDatabase(url);
  const { rows } =
    await sql`select current_setting('work_mem') as memory, current_setting('datestyle') as style`.execute(
      db,
    );
  expect(rows).toEqual([{ memory: '7MB', style: 'ISO, MDY' }]);
  expect(splitOptions('not a url', '-c a=b')).toEqual({ connectionString: 'not a url', options: '-c a=b' });
});
