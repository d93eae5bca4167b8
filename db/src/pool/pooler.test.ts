import { setTimeout as sleep } from 'node:timers/promises';
import { addUser, createTestDatabase, type TestDatabase } from '@signet/testing';
import { type PgBouncer, type PgBouncerOptions, startPgBouncer } from '@signet/testing/pgbouncer';
import { type Kysely, sql } from 'kysely';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest';
import { createDatabase, type DatabaseOptions } from '../database.ts';
import { databaseErrorToReason } from '../database-errors.ts';
import { inRequest } from '../request-scope.ts';
import type { Database } from '../tables.ts';
import { readInTenant } from '../tenant-reads.ts';
import { inTenant } from '../tenant-transaction.ts';

let database: TestDatabase;
let tenants: string[];
const opened: { destroy(): Promise<void> }[] = [];
const bouncers: PgBouncer[] = [];
let lines: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  tenants = await Promise.all(['one', 'two', 'three'].map((slug) => database.addTenant(slug)));
  for (const tenant of tenants) {
    for (let n = 0; n < 5; n++) await addUser(database, tenant, { fullName: `of ${tenant}` });
  }
});
afterEach(async () => {
  for (const db of opened.splice(0)) await db.destroy();
  for (const bouncer of bouncers.splice(0)) await bouncer.remove();
});
afterAll(() => database.drop());

async function open(
  bouncerOptions: Partial<PgBouncerOptions> = {},
  options: DatabaseOptions = {},
): Promise<{ db: Kysely<Database>; bouncer: PgBouncer; url: string }> {
  const { passwords } = inject('testCluster');
  const bouncer = await startPgBouncer({ serverUrl: database.adminUrl, passwords, ...bouncerOptions });
  bouncers.push(bouncer);
  lines = [];
  const url = bouncer.urlOf(database.urlOf('signet_auth_user'));
  const db = createDatabase(url, { log: (line) => lines.push(line), ...options });
  opened.push(db);
  return { db, bouncer, url };
}

const found =
  'a pooler (PgBouncer or alike) is in front of the database: statements have no names, each transaction brings its settings';
const readNames = (trx: Kysely<Database>) =>
  trx.selectFrom('auth.user').select('full_name').where('email', 'like', '%@example.com').execute();
const show = (db: Kysely<Database>) =>
  sql<Record<string, string>>`
    select current_setting('statement_timeout') as statement, current_setting('transaction_timeout') as transaction,
      current_setting('timezone') as zone, current_setting('app.tenant', true) as tenant, ${1}::integer as one`.execute(
    db,
  );

it.each(['transaction', 'session'] as const)(
  'gives every caller the rows of their tenant alone, in %s mode and with more callers than connections',
  async (mode) => {
    const { db } = await open({ mode, settings: { default_pool_size: mode === 'session' ? 12 : 3 } });
    const wrong: unknown[] = [];
    await Promise.all(
      Array.from({ length: 12 }, async (_, caller) => {
        for (let round = 0; round < 25; round++) {
          const tenant = tenants[(caller + round) % 3] as string;
          const read = round % 2 ? readInTenant : inTenant;
          const rows = await inRequest({ caller: `${caller}` }, () => read(db, tenant, readNames));
          const names = new Set(rows.map(({ full_name }) => full_name));
          if (rows.length !== 5 || [...names].join() !== `of ${tenant}`) wrong.push({ tenant, rows });
          if (round % 5 === 0) {
            const outside = await readNames(db);
            if (outside.length > 0) wrong.push({ outside });
          }
        }
      }),
    );
    expect(wrong).toEqual([]);
    expect(lines).toEqual([found]);
  },
);

it('counts on nothing that another client left on the connection', async () => {
  const { db, url } = await open({ settings: { default_pool_size: 1 } });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `set app.tenant = '${tenants[0]}'; set app.actor = '${tenants[0]}'; set statement_timeout = 0; set search_path = pg_temp;
     set default_transaction_read_only = on; set default_transaction_isolation = serializable; set row_security = off`,
  );
  expect((await show(db)).rows).toEqual([
    { statement: '5s', transaction: '20s', zone: 'UTC', tenant: '', one: 1 },
  ]);
  expect(await readNames(db)).toEqual([]);
  const inside = await inTenant(db, tenants[1] as string, (trx) =>
    sql`select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as "readOnly",
          current_setting('app.actor') as actor`.execute(trx),
  );
  expect(inside.rows).toEqual([{ level: 'read committed', readOnly: 'off', actor: '' }]);
  const own = db.transaction().execute((trx) => show(trx as unknown as Kysely<Database>));
  expect((await own).rows).toEqual([
    { statement: '5s', transaction: '20s', zone: 'UTC', tenant: '', one: 1 },
  ]);
  // Not one of ours stays behind either.
  const { rows } = await client.query(
    `select current_setting('app.tenant') as tenant, current_setting('statement_timeout') as limit`,
  );
  expect(rows).toEqual([{ tenant: tenants[0], limit: '0' }]);
  await client.end();
});

it('ends statements at their limit, in every kind of transaction', async () => {
  const { db } = await open({}, { statementTimeoutMs: 150 });
  const slow = (trx: Kysely<Database>) => sql`select pg_sleep(20), ${1}::integer`.execute(trx);
  const tenant = tenants[0] as string;
  for (const run of [
    () => slow(db),
    () => sql`select pg_sleep(20)`.execute(db),
    () => readInTenant(db, tenant, slow),
    () => inTenant(db, tenant, slow),
    () => db.transaction().execute(slow),
  ]) {
    await expect(run()).rejects.toMatchObject({ code: '57014' });
  }
  const late = inTenant(db, tenant, async (trx) => {
    await show(trx);
    await sleep(2000);
    await show(trx);
  });
  await expect(late).rejects.toSatisfy((error) => databaseErrorToReason(error) === 'unavailable');
});

it('keeps statements of one transaction together that are asked for at once', async () => {
  const { db } = await open();
  const tenant = tenants[2] as string;
  const [first, second] = await inTenant(db, tenant, (trx) => Promise.all([readNames(trx), readNames(trx)]));
  expect([first?.length, second?.length]).toEqual([5, 5]);
});

it('works again after a restart of the pooler, and answers 503 until then', async () => {
  const { db, bouncer } = await open();
  const tenant = tenants[0] as string;
  await readInTenant(db, tenant, readNames);
  const cut = inTenant(db, tenant, (trx) => sql`select pg_sleep(3), ${1}::integer`.execute(trx));
  await sleep(200);
  await Promise.all([
    expect(cut).rejects.toSatisfy((error) => databaseErrorToReason(error) === 'unavailable'),
    bouncer.stop(),
  ]);
  const refused = readInTenant(db, tenant, readNames);
  await expect(refused).rejects.toSatisfy((error) => databaseErrorToReason(error) === 'unavailable');
  await bouncer.start();
  await expect.poll(() => readInTenant(db, tenant, readNames).catch(() => [])).toHaveLength(5);
});

it('says once that the pooler takes no more clients, and serves all with the connections that it has', async () => {
  const { db } = await open({ settings: { max_client_conn: 4 } });
  const tenant = tenants[0] as string;
  const ask = (n: number) =>
    inRequest({ caller: `${n}` }, () =>
      readInTenant(db, tenant, async (trx) => {
        await sql`select pg_sleep(0.02), ${n}::integer`.execute(trx);
        return readNames(trx);
      }),
    );
  await ask(0);
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => ask(n)));
  expect(answers.every((rows) => rows.length === 5)).toBe(true);
  expect(lines).toEqual([
    found,
    'the database refuses new connections: no more connections allowed (max_client_conn)',
  ]);
});

it('finds no pooler where there is none, and names its statements', async () => {
  lines = [];
  const db = createDatabase(database.urlOf('signet_auth_user'), {
    log: (line) => lines.push(line),
    maxConnections: 1,
  });
  opened.push(db);
  const { rows } = await sql`select count(*) as named from pg_prepared_statements where ${1} = 1`.execute(db);
  expect([rows, lines]).toEqual([[{ named: 1 }], []]);
});
