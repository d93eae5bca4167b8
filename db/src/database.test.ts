import { openFaultyPath } from '@signet/testing';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, inTenant, pingDatabase } from './database.ts';
import { databaseErrorToReason } from './database-errors.ts';
import { inRequest } from './request-scope.ts';

let database: TestDatabase;
let demo: string;
let globex: string;

beforeAll(async () => {
  database = await createTestDatabase();
  demo = await database.addTenant('demo');
  globex = await database.addTenant('globex');
  for (const tenant of [demo, globex]) {
    await database.query(
      `insert into auth.user (tenant_id, email, password_hash, pepper_id) values ($1, 'ada@example.com', '-', '-')`,
      [tenant],
    );
  }
});
afterAll(() => database.drop());

function connect(options?: Parameters<typeof createDatabase>[1]) {
  return createDatabase(database.urlOf('signet_auth_user'), options);
}

describe('inTenant', () => {
  it('shows the rows of that tenant only', async () => {
    await using db = connect();
    const rows = await inTenant(db, globex, (trx) =>
      trx.selectFrom('auth.user').select('tenant_id').execute(),
    );
    expect(rows).toEqual([{ tenant_id: globex }]);
  });

  it('leaves no tenant behind on the connection: the next query sees no rows and does not fail', async () => {
    await using db = connect({ maxConnections: 1 });
    await inTenant(db, demo, (trx) => trx.selectFrom('auth.user').select('id').execute());
    expect(await db.selectFrom('auth.user').select('id').execute()).toEqual([]);
  });

  it('keeps two tenants apart that take turns on one connection', async () => {
    await using db = connect({ maxConnections: 1 });
    const read = (tenant: string) =>
      inTenant(db, tenant, (trx) => trx.selectFrom('auth.user').select('tenant_id').execute());
    const answers = await Promise.all([demo, globex, demo, globex].map(read));
    expect(answers.flat().map((row) => row.tenant_id)).toEqual([demo, globex, demo, globex]);
  });

  it('undoes everything where the function throws', async () => {
    await using db = connect();
    const write = inTenant(db, demo, async (trx) => {
      const { numUpdatedRows } = await trx
        .updateTable('auth.user')
        .set({ password_version: 999 })
        .executeTakeFirstOrThrow();
      expect(numUpdatedRows).toBe(1n);
      throw new Error('changed my mind');
    });
    await expect(write).rejects.toThrow('changed my mind');
    expect(await database.query(`select 1 from auth.user where password_version = 999`)).toEqual([]);
  });

  it("ends a statement when the request's time is up, and leaves the connection as it was", async () => {
    await using db = connect({ maxConnections: 1, statementTimeoutMs: 60_000 });
    const sleep = () => inTenant(db, demo, (trx) => sql`select pg_sleep(60)`.execute(trx));
    const startedAt = performance.now();
    const late = inRequest({ deadline: startedAt + 300, caller: 'ada' }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return sleep();
    });
    expect(databaseErrorToReason(await late.catch((error: unknown) => error))).toBe('unavailable');
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    const timeout = await inTenant(db, demo, (trx) =>
      sql<{ statement_timeout: string }>`show statement_timeout`.execute(trx),
    );
    expect(timeout.rows).toEqual([{ statement_timeout: '1min' }]);
  });

  it('asks nothing for a request whose time is up, and never gives a statement more than five seconds', async () => {
    await using db = connect();
    const timeout = (deadline: number) =>
      inRequest({ deadline, caller: 'ada' }, () =>
        inTenant(db, demo, (trx) => sql<{ statement_timeout: string }>`show statement_timeout`.execute(trx)),
      );
    const refused = await timeout(performance.now() - 1).catch((error: unknown) => error);
    expect(databaseErrorToReason(refused)).toBe('unavailable');
    expect((await timeout(performance.now() + 60_000)).rows).toEqual([{ statement_timeout: '5s' }]);
  });

  it('runs again what lost a deadlock, so that both changes are made', async () => {
    await using db = connect();
    const ids: string[] = [];
    for (const email of ['one@example.com', 'two@example.com']) {
      const [row] = await database.query(
        `insert into auth.user (tenant_id, email, password_hash, pepper_id) values ($1, $2, '-', '-') returning id`,
        [demo, email],
      );
      ids.push(row.id);
    }
    const bothHold = Promise.withResolvers<void>();
    let holding = 0;
    let runs = 0;
    const raise = (order: readonly string[]) =>
      inTenant(db, demo, async (trx) => {
        runs += 1;
        for (const id of order) {
          const raised = sql`password_version + 1`;
          await sql`update auth.user set password_version = ${raised} where id = ${id}`.execute(trx);
          holding += 1;
          if (holding === 2) bothHold.resolve();
          await bothHold.promise;
        }
      });
    await Promise.all([raise(ids), raise(ids.toReversed())]);
    // One loses; again, if it is back before PostgreSQL has given the row to the other one, which waited for it.
    expect(runs).toBeGreaterThanOrEqual(3);
    const rows = await database.query('select password_version from auth.user where id = any($1)', [ids]);
    expect(rows).toEqual([{ password_version: 3 }, { password_version: 3 }]);
  });

  it("refuses a row of another tenant's", async () => {
    await using db = connect();
    const values = { email: 'planted@example.com', password_hash: '-', pepper_id: '-' };
    const write = inTenant(db, demo, (trx) =>
      trx
        .insertInto('auth.user')
        .values({ tenant_id: globex, ...values })
        .execute(),
    );
    await expect(write).rejects.toThrow('new row violates row-level security policy for table "user"');
  });

  it('takes a tenant that is no id for bad input', async () => {
    await using db = connect();
    const read = inTenant(db, "x'; drop table auth.tenant; --", (trx) =>
      trx.selectFrom('auth.user').select('id').execute(),
    );
    expect(databaseErrorToReason(await read.catch((error) => error))).toBe('input');
  });
});

describe('createDatabase', () => {
  it('reads count(*) and bigint as numbers, and what no number can hold as its text', async () => {
    await using db = connect();
    const { rows } =
      await sql`select count(*) as count, 9007199254740993::int8 as big, -5::int8 as small`.execute(db);
    expect(rows).toEqual([{ count: 1, big: '9007199254740993', small: -5 }]);
  });

  it('names statements, so that each is parsed once per connection', async () => {
    await using db = connect({ maxConnections: 1 });
    for (const n of [1, 2, 3]) await sql`select ${n}::int as n`.execute(db);
    const { rows } = await sql<{ statement: string; used: number }>`
      select statement, generic_plans + custom_plans as used from pg_prepared_statements`.execute(db);
    expect(rows).toEqual([{ statement: 'select $1::int as n', used: 3 }]);
  });

  it('runs a statement again that failed at first', async () => {
    await using db = connect({ maxConnections: 1 });
    const divide = (n: number) => sql<{ n: number }>`select 1 / ${n}::int as n`.execute(db);
    await expect(divide(0)).rejects.toMatchObject({ code: '22012' });
    await expect(sql`select ${1}::int from nowhere`.execute(db)).rejects.toMatchObject({ code: '42P01' });
    await expect(sql`select ${1}::int from nowhere`.execute(db)).rejects.toMatchObject({ code: '42P01' });
    expect((await divide(1)).rows).toEqual([{ n: 1 }]);
  });

  it('tells each statement to a listener, without its values', async () => {
    const statements: string[] = [];
    await using db = connect({ onQuery: (text) => statements.push(text) });
    await inTenant(db, demo, (trx) => sql`select ${'secret'}::text`.execute(trx));
    expect(statements).toEqual([
      'begin',
      `select set_config('app.tenant', $1, true)`,
      'select $1::text',
      'commit',
    ]);
  });

  it('stops a statement after its timeout', async () => {
    await using db = connect({ statementTimeoutMs: 50 });
    const error = await sql`select pg_sleep(5)`.execute(db).catch((reason) => reason);
    expect(databaseErrorToReason(error)).toBe('unavailable');
  });

  it('survives the loss of its connections', async () => {
    const lines: string[] = [];
    await using db = connect({ applicationName: 'to be ended', log: (line) => lines.push(line) });
    await pingDatabase(db);
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'to be ended'`,
    );
    await expect.poll(() => lines.length).toBe(1);
    await pingDatabase(db);
    expect(lines[0]).toMatch(/^database connection lost: /);
  });

  it('survives the loss of a connection between two queries of a transaction', async () => {
    await using db = connect({ applicationName: 'ended in between' });
    const lost = db.transaction().execute(async (trx) => {
      await sql`select 1`.execute(trx);
      await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ended in between'`,
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      await sql`select 1`.execute(trx);
    });
    expect(databaseErrorToReason(await lost.catch((error: unknown) => error))).toBe('unavailable');
    await pingDatabase(db);
  });

  it('keeps no connection that was lost while somebody had it and asked nothing', async () => {
    await using db = connect({ applicationName: 'ended while held', maxConnections: 1 });
    const isThere = `select pid from pg_stat_activity where application_name = 'ended while held'`;
    await db.connection().execute(async (held) => {
      await pingDatabase(held);
      await database.query(`select pg_terminate_backend(pid) from (${isThere}) held`);
      await expect.poll(async () => (await database.query(isThere)).length).toBe(0);
      // Until the end of it has come here.
      await new Promise((resolve) => setTimeout(resolve, 200));
    });
    await pingDatabase(db);
  });

  it('calls a lost connection unavailable, in the middle of a statement too', async () => {
    await using db = connect({ applicationName: 'ended at work' });
    const sleeping = sql`select pg_sleep(3)`.execute(db).catch((error) => error);
    const end = () =>
      database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ended at work' and state = 'active'`,
      );
    await expect.poll(async () => (await end()).length).toBe(1);
    expect(databaseErrorToReason(await sleeping)).toBe('unavailable');
  });

  it('has PostgreSQL end a statement of minutes within seconds, once its process is gone', async () => {
    const path = await openFaultyPath(database.adminUrl);
    const url = path.urlOf(database.urlOf('signet_auth_user'));
    const db = createDatabase(url, { statementTimeoutMs: 600_000, applicationName: 'patient' });
    const backends = () =>
      database.query(
        `select query from pg_stat_activity where application_name = 'patient' and state = 'active'`,
      );
    const work = sql`select count(*) from generate_series(1, 1e12::bigint)`
      .execute(db)
      .catch((error) => error);
    await expect.poll(backends, { timeout: 30_000 }).toHaveLength(1);
    path.end('reset');
    expect(databaseErrorToReason(await work)).toBe('unavailable');
    await expect.poll(backends, { timeout: 30_000 }).toEqual([]);
    await db.destroy();
    await path.close();
  }, 90_000);

  it('fails at ping where no server listens', async () => {
    await using db = createDatabase('postgres://nobody@127.0.0.1:1/none');
    const error = await pingDatabase(db).catch((reason) => reason);
    expect(databaseErrorToReason(error)).toBe('unavailable');
  });
});

describe('databaseErrorToReason', () => {
  it.each([
    ['a NUL byte', sql`select ${'a\0b'}::text`, 'input'],
    ['an id that is no id', sql`select ${'nope'}::uuid`, 'input'],
    ['a number out of range', sql`select ${'99999999999'}::int`, 'input'],
    [
      'a text that is too long',
      sql`create temporary table t (a varchar(2)) on commit drop; insert into t values ('abc')`,
      'input',
    ],
    ['a division by zero of ours', sql`select 1 / 0`, undefined],
    ['a missing table', sql`select * from nowhere`, undefined],
  ])('sorts %s', async (_title, query, reason) => {
    await using db = createDatabase(database.adminUrl);
    const error = await query.execute(db).catch((failure) => failure);
    expect(error).toBeInstanceOf(Error);
    expect(databaseErrorToReason(error)).toBe(reason);
  });

  it('looks through the cause, and knows nothing of other errors', () => {
    expect(
      databaseErrorToReason(new Error('x', { cause: Object.assign(new Error(), { code: '22P02' }) })),
    ).toBe('input');
    expect(databaseErrorToReason(new TypeError('x'))).toBeUndefined();
    expect(databaseErrorToReason('22P02')).toBeUndefined();
  });
});
