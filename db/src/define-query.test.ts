import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase } from './database.ts';
import { defineQuery, idList } from './define-query.ts';
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

it('has PostgreSQL keep one plan for a list of ids, also for a list of one', async () => {
  const one = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 1 });
  const { rows: tenants } = await sql<{ id: string }>`select id from auth.tenant order by slug`.execute(one);
  const ids = tenants.map(({ id }) => id);
  const findTenants = defineQuery<{ ids: readonly string[] }, { id: string }>(
    (_trx, value) =>
      sql<{ id: string }>`select asked.id from unnest(${idList(value('ids'))}) asked(id) cross join lateral (
      select from auth.tenant where id = asked.id limit 1) found order by asked.id`,
  );
  const findSome = defineQuery<{ ids: readonly string[] }, { id: string }>((trx, value) =>
    trx
      .selectFrom('auth.tenant')
      .select('id')
      .where(sql<boolean>`id = any(${idList(value('ids'))})`),
  );
  try {
    for (let call = 0; call < 10; call += 1) {
      expect(await findTenants(one, { ids: ids.slice(0, 1) })).toEqual([{ id: ids[0] }]);
      expect(await findSome(one, { ids: ids.slice(1) })).toEqual([{ id: ids[1] }]);
    }
    expect(await findSome(one, { ids: [] })).toEqual([]);
    expect((await findTenants(one, { ids })).map(({ id }) => id)).toEqual(ids.toSorted());
    const { rows } = await sql`
      select custom_plans from pg_prepared_statements where statement like '%::uuid[])::uuid[]%'`.execute(
      one,
    );
    // Those with which PostgreSQL compares the plan that it keeps.
    expect(rows).toEqual([{ custom_plans: 5 }, { custom_plans: 5 }]);
  } finally {
    await one.destroy();
  }
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
