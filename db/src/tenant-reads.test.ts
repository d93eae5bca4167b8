import { type FaultyPath, openFaultyPath } from '@signet/testing';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from './database.ts';
import { databaseErrorToReason } from './database-errors.ts';
import { inRequest } from './request-scope.ts';
import type { Database } from './tables.ts';
import { readInTenant } from './tenant-reads.ts';
import { inTenant } from './tenant-transaction.ts';

const patience = 120_000;
let database: TestDatabase;
let path: FaultyPath;
let demo: string;
let globex: string;
let db: Kysely<Database>;
let sent: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  path = await openFaultyPath(database.adminUrl);
  demo = await database.addTenant('demo');
  globex = await database.addTenant('globex');
  for (const tenant of [demo, globex]) {
    await database.query(
      `insert into auth.user (tenant_id, email, password_hash, pepper_id) values ($1, 'ada@example.com', '-', '-')`,
      [tenant],
    );
  }
});
beforeEach(() => {
  sent = [];
  db = connect();
});
afterEach(async () => {
  path.fault = 'none';
  await db.destroy();
});
afterAll(async () => {
  await path.close();
  await database.drop();
});

function connect(options: Parameters<typeof createDatabase>[1] = {}) {
  return createDatabase<Database>(database.urlOf('signet_auth_user'), {
    maxConnections: 1,
    onQuery: (text) => sent.push(text),
    ...options,
  });
}

const asAda = <T>(fn: () => Promise<T>, deadline?: number) => inRequest({ caller: 'ada', deadline }, fn);
const findTenants = (trx: Kysely<Database>) => trx.selectFrom('auth.user').select('tenant_id').execute();
const read = (tenant: string) => readInTenant(db, tenant, findTenants);
const readValue = (value: number) =>
  readInTenant(db, demo, async (trx) => {
    const { rows } = await sql<{ value: number }>`select 10 / ${value}::int as value`.execute(trx);
    return rows[0]?.value;
  });
const settings = `select set_config('app.tenant', $1, true), set_config('transaction_read_only', 'on', true)`;
/** What the connection is left with. */
const readRest = async () => {
  const { rows } = await sql<{ tenant: string; mode: string; timeout: string }>`
    select coalesce(current_setting('app.tenant', true), '') as tenant,
      current_setting('transaction_read_only') as mode, current_setting('statement_timeout') as timeout`.execute(
    db,
  );
  return rows[0];
};
const untouched = { tenant: '', mode: 'off', timeout: '5s' };

describe('the rows', () => {
  it("are that tenant's only, and nothing of it stays on the connection", async () => {
    expect(await read(globex)).toEqual([{ tenant_id: globex }]);
    expect(await db.selectFrom('auth.user').select('id').execute()).toEqual([]);
    expect(await readRest()).toEqual(untouched);
  });

  it(
    'of two tenants never mix, in 10,000 reads and changes that take turns on one connection',
    async () => {
      let wrong = 0;
      const turn = async (index: number) => {
        const tenant = index % 3 === 0 ? globex : demo;
        const run = index % 10 === 7 ? inTenant : readInTenant;
        const fails = index % 5 === 4;
        const rows = await asAda(() =>
          run(db, tenant, async (trx) => {
            const found = await findTenants(trx);
            if (fails) await sql`select 1 / ${0}::int`.execute(trx);
            return found;
          }),
        ).catch((error: Error) => {
          if (!fails || error.message !== 'division by zero') throw error;
          return [{ tenant_id: tenant }];
        });
        if (rows.length !== 1 || rows[0]?.tenant_id !== tenant) wrong += 1;
      };
      for (let round = 0; round < 500; round++) {
        await Promise.all(Array.from({ length: 20 }, (_, index) => turn(round + index)));
      }
      expect(wrong).toBe(0);
      expect(await readRest()).toEqual(untouched);
    },
    patience,
  );

  it('of two tenants are read in two transactions, also in one tick of one request', async () => {
    const answers = await asAda(() => Promise.all([read(demo), read(globex), read(demo)]));
    expect(answers.map(([row]) => row?.tenant_id)).toEqual([demo, globex, demo]);
    expect(sent.filter((text) => text === settings)).toHaveLength(2);
  });

  it('a tenant that is no id is bad input, and no tenant has no rows', async () => {
    const refused = await read("x'; drop table auth.tenant; --").catch((error: unknown) => error);
    expect(databaseErrorToReason(refused)).toBe('input');
    expect(await read('')).toEqual([]);
  });

  it('can be read only: a change is refused, and nothing of it is kept', async () => {
    const change = readInTenant(db, demo, (trx) =>
      trx.updateTable('auth.user').set({ password_version: 77 }).execute(),
    );
    await expect(change).rejects.toMatchObject({ code: '25006' });
    expect(await database.query('select from auth.user where password_version = 77')).toEqual([]);
    expect(await readRest()).toEqual(untouched);
  });
});

describe('one tick', () => {
  it('is one transaction, however many calls and promises lead to its reads', async () => {
    const late = async (steps: number) => {
      for (let step = 0; step < steps; step++) await null;
      return read(demo);
    };
    await asAda(() => Promise.all([late(0), late(3), late(9), readValue(5)]));
    expect(sent).toHaveLength(5);
    expect(sent[0]).toBe(settings);
  });

  it('of two requests is two transactions, also of one caller', async () => {
    await Promise.all([asAda(() => read(demo)), asAda(() => read(demo))]);
    expect(sent.filter((text) => text === settings)).toHaveLength(2);
  });

  it('gives each read its own answer and its own error', async () => {
    const answers = await asAda(() =>
      Promise.allSettled([readValue(2), readValue(0), readValue(5), readValue(0), readValue(1)]),
    );
    expect(
      answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : answer.reason.code)),
    ).toEqual([5, '22012', 2, '22012', 10]);
    expect(await readRest()).toEqual(untouched);
  });

  it('sends again what was not run when the connection ended, on another one', async () => {
    await using far = connect({ applicationName: 'to be cut' });
    const slow = () => readInTenant(far, demo, (trx) => sql`select pg_sleep(5)`.execute(trx));
    const reads = asAda(() => Promise.allSettled([slow(), readInTenant(far, demo, findTenants)]));
    const cut = () =>
      database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'to be cut' and state = 'active'`,
      );
    await expect.poll(async () => (await cut()).length).toBe(1);
    const [lost, found] = await reads;
    expect(databaseErrorToReason(lost.status === 'rejected' && lost.reason)).toBe('unavailable');
    expect(found).toEqual({ status: 'fulfilled', value: [{ tenant_id: demo }] });
  });
});

describe('time', () => {
  it("ends with the request's, for each read, and the connection is as it was", async () => {
    await db.destroy();
    db = connect({ statementTimeoutMs: 60_000 });
    const startedAt = performance.now();
    const late = await asAda(
      () => readInTenant(db, demo, (trx) => sql`select pg_sleep(60)`.execute(trx)),
      startedAt + 300,
    ).catch((error: unknown) => error);
    expect(databaseErrorToReason(late)).toBe('unavailable');
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(await readRest()).toEqual({ ...untouched, timeout: '1min' });
  });

  it('that is up asks nothing', async () => {
    const refused = await asAda(() => read(demo), performance.now() - 1).catch((error: unknown) => error);
    expect(databaseErrorToReason(refused)).toBe('unavailable');
    expect(sent).toEqual([]);
  });

  it('is that of each statement: the second of a tick gets its five seconds, too', async () => {
    const shown = await asAda(() =>
      Promise.all(
        [1, 2].map(() =>
          readInTenant(db, demo, (trx) =>
            sql`select pg_sleep(3.1), current_setting('statement_timeout')`.execute(trx),
          ),
        ),
      ),
    );
    expect(shown).toHaveLength(2);
  });
});

describe('one round trip', () => {
  it.each([
    ['a read', 1, () => read(demo)],
    ['five reads of a tick', 1, () => asAda(() => Promise.all([1, 2, 3, 4, 5].map(() => read(demo))))],
    ['a change', 2, () => inTenant(db, demo, findTenants)],
    [
      'a change that is given up',
      2,
      () => inTenant(db, demo, (trx) => findTenants(trx).then(() => Promise.reject(new Error('no')))),
    ],
    ['a change of nothing', 0, () => inTenant(db, demo, async () => 'nothing')],
  ])('%s takes %i of them', async (_title, roundTrips, run) => {
    db = createDatabase<Database>(path.urlOf(database.urlOf('signet_auth_user')), { maxConnections: 1 });
    await run().catch(() => {});
    await read(demo);
    path.fault = { delayMs: 200 };
    const startedAt = performance.now();
    await run().catch(() => {});
    const ms = performance.now() - startedAt;
    // A timer may end a moment early.
    expect(Math.floor((ms + 20) / 400)).toBe(roundTrips);
  });
});
