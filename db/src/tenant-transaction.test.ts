import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql, type Transaction } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createDatabase } from './database.ts';
import { poolOf } from './pool/pooled-dialect.ts';
import type { Database } from './tables.ts';
import { readInTenant } from './tenant-reads.ts';
import { inTenant } from './tenant-transaction.ts';

let database: TestDatabase;
let demo: string;
let globex: string;
let db: Kysely<Database>;

beforeAll(async () => {
  database = await createTestDatabase();
  demo = await database.addTenant('demo');
  globex = await database.addTenant('globex');
});
beforeEach(() => {
  db = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 1 });
});
afterEach(() => db.destroy());
afterAll(() => database.drop());

const addUser = (trx: Kysely<Database>, tenant_id: string, email: string) =>
  trx
    .insertInto('auth.user')
    .values({ tenant_id, email, password_hash: '-', pepper_id: '-' })
    .returning('id')
    .executeTakeFirstOrThrow();
const countUsers = async (email: string) =>
  (await database.query('select from auth.user where email = $1', [email])).length;

it('is committed when it resolves', async () => {
  await inTenant(db, demo, (trx) => addUser(trx, demo, 'one@example.com'));
  expect(await countUsers('one@example.com')).toBe(1);
});

it('commits nothing where a statement failed and nobody said so', async () => {
  const swallowed = inTenant(db, demo, async (trx) => {
    await addUser(trx, demo, 'two@example.com');
    await sql`select 1 / ${0}::int`.execute(trx).catch(() => {});
  });
  await expect(swallowed).rejects.toThrow('rolled back instead of committed');
  expect(await countUsers('two@example.com')).toBe(0);
});

it('says what went wrong also where its first statement does, and leaves no transaction', async () => {
  const failed = inTenant(db, demo, (trx) => sql`select 1 / ${0}::int`.execute(trx));
  await expect(failed).rejects.toMatchObject({ code: '22012' });
  const [row] = await database.query(
    `select count(*)::int as count from pg_stat_activity where usename = 'signet_auth_user' and datname = current_database() and xact_start is not null`,
  );
  expect(row.count).toBe(0);
});

it('is of no use when it is over: the connection may serve another tenant by then', async () => {
  let kept: Transaction<Database> | undefined;
  await inTenant(db, demo, async (trx) => {
    kept = trx;
    await addUser(trx, demo, 'three@example.com');
  });
  const late = inTenant(db, globex, async (trx) => {
    await addUser(trx, globex, 'four@example.com');
    return addUser(kept as Transaction<Database>, globex, 'five@example.com');
  });
  await expect(late).rejects.toThrow('The transaction is over.');
  expect(await countUsers('five@example.com')).toBe(0);
});

it('runs several statements that are asked at once one after the other', async () => {
  const ids = await inTenant(db, demo, (trx) =>
    Promise.all([1, 2, 3].map((n) => addUser(trx, demo, `many-${n}@example.com`))),
  );
  expect(new Set(ids.map(({ id }) => id)).size).toBe(3);
});

it('takes a text of several commands, the first one too', async () => {
  const shown = await inTenant(db, demo, async (trx) => {
    await sql`set local enable_seqscan = off; set local enable_sort = off`.execute(trx);
    const { rows } = await sql<{ tenant: string; scan: string }>`
      select current_setting('app.tenant') as tenant, current_setting('enable_seqscan') as scan`.execute(trx);
    return rows[0];
  });
  expect(shown).toEqual({ tenant: demo, scan: 'off' });
});

it('lets no read or transaction begin in another one', async () => {
  const nested = inTenant(db, demo, (trx) =>
    readInTenant(trx, globex, (other) => sql`select 1`.execute(other)),
  );
  await expect(nested).rejects.toThrow(TypeError);
});

it('a connection that somebody gives back within a transaction is ended, and its tenant with it', async () => {
  const client = await poolOf(db).connect();
  await client.run([
    { text: 'begin', values: [] },
    { text: `select set_config('app.tenant', $1, true)`, values: [demo] },
  ]);
  client.release();
  const { rows } = await sql<{ tenant: string | null }>`
    select nullif(current_setting('app.tenant', true), '') as tenant`.execute(db);
  expect(rows).toEqual([{ tenant: null }]);
});
