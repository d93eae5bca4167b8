import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase } from './database.ts';
import { defineQuery } from './define-query.ts';
import type { Database } from './tables.ts';

let database: TestDatabase;
let db: Kysely<Database>;
beforeAll(async () => {
  database = await createTestDatabase();
  db = createDatabase(database.urlOf('signet_auth_user'));
  await database.addTenant('demo');
  await database.addTenant('globex');
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

it('builds a statement once and gives each call its own values, as parameters', async () => {
  let built = 0;
  const findTenants = defineQuery<{ slugs: readonly string[]; limit: number }, { slug: string }>(
    (trx, value) => {
      built += 1;
      return trx
        .selectFrom('auth.tenant')
        .select('slug')
        .where(sql<boolean>`slug = any(${value('slugs')})`)
        .where('slug', '<>', 'nobody')
        .orderBy('slug')
        .limit(value('limit'));
    },
  );
  const ask = (slugs: readonly string[], limit = 9) => findTenants(db, { slugs, limit });
  expect(await Promise.all([ask(['demo', 'globex']), ask(['globex']), ask(['demo', 'globex'], 1)])).toEqual([
    [{ slug: 'demo' }, { slug: 'globex' }],
    [{ slug: 'globex' }],
    [{ slug: 'demo' }],
  ]);
  expect(await ask([`x') or true or slug = any('{`, '{demo}', 'nobody'])).toEqual([]);
  expect(built).toBe(1);
});

it('reads times as pg does', async () => {
  const times = [
    '2026-11-29 02:40:02.123456+00',
    '0099-01-02 03:04:05+00',
    'infinity',
    '0044-03-15 12:00:00+00 BC',
  ];
  const { rows } = await sql<{ at: Date | number; text: string }>`
    select at, extract(epoch from at)::text as text from unnest(${times}::timestamptz[]) at`.execute(db);
  expect(rows.map(({ at }) => Number(at))).toEqual([
    Date.parse('2026-11-29T02:40:02.123Z'),
    Date.parse('0099-01-02T03:04:05Z'),
    Number.POSITIVE_INFINITY,
    Date.parse('-000043-03-15T12:00:00Z'),
  ]);
});
