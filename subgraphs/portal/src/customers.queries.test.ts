import { createDatabase, type Database, inTenant } from '@signet/db';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql, type Transaction } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countCustomers, findCustomerPage } from './customers.queries.ts';

let database: TestDatabase;
let db: Kysely<Database>;
let tenant: string;
let other: string;

const add = async (email: string, fullName: string, of = tenant): Promise<string> => {
  const [row] = await database.query(
    `insert into auth.user (tenant_id, email, full_name, password_hash, pepper_id) values ($1, $2, $3, '-', '-') returning id`,
    [of, email, fullName],
  );
  return row.id;
};
/** `walked` of 1: the index answers whatever the first row does not. */
const find = (search: string, walked = 1, first = 100) =>
  inTenant(db, tenant, async (trx) => {
    const rows = await findCustomerPage(trx, { search }, { first, after: undefined }, walked);
    return rows.map(({ email }) => email.split('@')[0]);
  });
const count = (search: string) => inTenant(db, tenant, (trx) => countCustomers(trx, { search }, 1));

beforeAll(async () => {
  database = await createTestDatabase();
  tenant = await database.addTenant('demo');
  other = await database.addTenant('other');
  db = createDatabase(database.urlOf('signet_portal'), { maxConnections: 2 });
  for (const [email, name] of [
    ['ada@example.com', 'Ada Lovelace'],
    ['bob_b@example.com', '100 % Bob'],
    ['cyd@example.org', 'Cyd Ádám'],
    ['eva@xn--bcher-kva.example', 'Eva Ωmega'],
    ['zoe@example.com', 'ZOË O’Neil'],
  ] as const) {
    await add(email, name);
  }
  await add('ada.other@example.com', 'Ada Lovelace', other);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

describe('a search in the index', () => {
  it.each([
    ['ADA', ['ada']],
    ['lovelace', ['ada']],
    ['example.org', ['cyd']],
    ['0 %', ['bob_b']],
    ['_', ['bob_b']],
    ['ÁDÁ', ['cyd']],
    ['ωmega', ['eva']],
    ['eva@bücher.example', ['eva']],
    ['z', ['zoe']],
    ["' | :*\\", []],
    ['o’n', ['zoe']],
    ['example', ['ada', 'bob_b', 'cyd', 'eva', 'zoe']],
  ])('for %s finds what reading every row does', async (search, found) => {
    expect(await find(search, 1000)).toEqual(found);
    expect(await find(search)).toEqual(found);
    expect(await count(search)).toEqual({ totalCount: found.length, totalCountIsExact: true });
  });

  it('goes on from a cursor', async () => {
    const pages = await inTenant(db, tenant, async (trx) => {
      const [row] = await findCustomerPage(trx, { search: 'example.com' }, { first: 1, after: undefined }, 1);
      const after = { key: row?.email ?? '', id: row?.id ?? '' };
      return findCustomerPage(trx, { search: 'example.com' }, { first: 1, after }, 1);
    });
    expect(pages.map(({ email }) => email)).toEqual(['bob_b@example.com', 'zoe@example.com']);
  });

  it('knows at once of a new address, and no more of the old one or of who was erased', async () => {
    const id = await add('quentin@example.com', 'Quentin');
    expect(await find('quentin')).toEqual(['quentin']);
    await database.query(`update auth.user set email = 'renamed@example.com', full_name = '' where id = $1`, [
      id,
    ]);
    expect(await find('quentin')).toEqual([]);
    expect(await find('renamed')).toEqual(['renamed']);
    await database.query(`update auth.user set closed_at = now() where id = $1`, [id]);
    expect(await find('renamed')).toEqual([]);
    expect(await database.query('select from auth.user_search where user_id = $1', [id])).toEqual([]);
  });

  it('uses the index, under the rights of the process', async () => {
    await database.query(
      `insert into auth.user (tenant_id, email, full_name, password_hash, pepper_id)
       select $1, 'many' || i || '@example.net', md5(i::text), '-', '-' from generate_series(1, 5000) i`,
      [tenant],
    );
    await database.query('analyze auth.user_search');
    const plan = await database.query(
      `explain select user_id from auth.user_search s where auth.grams(s.tenant_id, s.search_text) @@ auth.gram_query($1, 'many4711')`.replace(
        '$1',
        `'${tenant}'`,
      ),
    );
    expect(JSON.stringify(plan)).toContain('user_grams');
    expect(await find('many4711')).toEqual(['many4711']);
    await database.query('vacuum analyze auth.user');
    const scans = (fn: (trx: Transaction<Database>) => Promise<unknown>) =>
      inTenant(db, tenant, async (trx) => {
        const count = async () => {
          const { rows } = await sql<{ name: string; scans: number }>`
            select relname as name, pg_stat_get_xact_numscans(oid)::integer as scans from pg_class
            where oid in ('auth.user'::regclass, 'auth.user_search'::regclass, 'auth.user_grams'::regclass, 'auth.user_listed'::regclass)`.execute(
            trx,
          );
          return rows;
        };
        const before = new Map((await count()).map(({ name, scans }) => [name, scans]));
        await fn(trx);
        const after = await count();
        return Object.fromEntries(after.map(({ name, scans }) => [name, scans - (before.get(name) ?? 0)]));
      });
    const page = { first: 20, after: undefined };
    // So few rows are counted in the table too: only whether the index can be used is of interest.
    const counted = await scans(async (trx) => {
      await sql`set local enable_seqscan = off`.execute(trx);
      await countCustomers(trx, {});
    });
    expect(counted).toMatchObject({ user: 0, user_listed: 1 });
    const few = await scans((trx) => findCustomerPage(trx, { search: 'many4711' }, page));
    expect(few).toMatchObject({ user_search: 0, user_grams: 1 });
    // On some of the first 500, which do not fill a page.
    const many = await scans((trx) => findCustomerPage(trx, { search: 'many13' }, page));
    expect(many).toMatchObject({ user_search: 0, user_grams: 0 });
    await database.query(`delete from auth.user where email like 'many%'`);
    await expect(
      inTenant(db, tenant, (trx) =>
        trx
          .selectFrom('auth.user_search' as never)
          .selectAll()
          .execute(),
      ),
    ).rejects.toMatchObject({ code: '42501' });
  });

  it('finds customers of before it existed: first by reading them, and then, copied in parts, in the index', async () => {
    await database.query(
      `with gone as (delete from auth.user_search) update auth.user_search_progress set last_id = '00000000-0000-0000-0000-000000000000'`,
    );
    expect(await find('lovelace')).toEqual(['ada']);
    const auth = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 2 });
    const copy = async (most: number) => {
      const { n } = await auth
        .selectNoFrom((eb) => eb.fn<number>('auth.copy_customers_for_search', [eb.val(most)]).as('n'))
        .executeTakeFirstOrThrow();
      return n;
    };
    expect(await copy(2)).toBe(2);
    expect(await find('example')).toEqual(['ada', 'bob_b', 'cyd', 'eva', 'zoe']);
    const [one, two] = await Promise.all([copy(2), copy(2)]);
    expect(one + two).toBe(4);
    expect(await copy(2)).toBe(1);
    expect(await copy(2)).toBe(0);
    await auth.destroy();
    expect(await database.query('select from auth.user_search')).toHaveLength(6);
    expect(await find('example')).toEqual(['ada', 'bob_b', 'cyd', 'eva', 'zoe']);
  });
});
