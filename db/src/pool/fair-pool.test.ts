import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createDatabase, inTenant } from '../database.ts';
import { databaseErrorToReason } from '../database-errors.ts';
import { identifyCaller, inRequest, outsideRequests } from '../request-scope.ts';
import type { Database } from '../tables.ts';

let database: TestDatabase;
let tenant: string;
let db: Kysely<Database>;
beforeAll(async () => {
  database = await createTestDatabase();
  tenant = await database.addTenant('demo');
});
beforeEach(() => {
  db = createDatabase(database.urlOf('signet_auth_user'), { applicationName: 'fair' });
});
afterEach(() => db.destroy());
afterAll(() => database.drop());

const sleepFor = (seconds: number) =>
  inTenant(db, tenant, (trx) => sql`select pg_sleep(${seconds})`.execute(trx));
const as = <T>(caller: string, fn: () => Promise<T>, deadline?: number) =>
  inRequest({ caller, deadline }, fn);
const ping = async () => {
  const startedAt = performance.now();
  await inTenant(db, tenant, (trx) => sql`select 1`.execute(trx));
  return performance.now() - startedAt;
};
const countSleepers = async () => {
  const rows = await database.query(
    `select from pg_stat_activity where application_name = 'fair' and state = 'active' and query like '%pg_sleep%'`,
  );
  return rows.length;
};
const startSleepers = (caller: string, count: number, seconds: number) =>
  Promise.allSettled(Array.from({ length: count }, () => as(caller, () => sleepFor(seconds))));

it('one caller whose queries are slow costs another nothing', async () => {
  const slow = startSleepers('eve', 40, 1.5);
  await expect.poll(countSleepers).toBe(5);
  for (let round = 0; round < 5; round++) expect(await as('ada', ping)).toBeLessThan(500);
  expect(await countSleepers()).toBe(5);
  await slow;
});

it('leaves a connection for one more caller, and for the process itself', async () => {
  const slow = ['eve', 'mallory', 'trudy'].map((caller) => startSleepers(caller, 20, 1.5));
  await expect.poll(countSleepers).toBe(9);
  expect(await as('ada', ping)).toBeLessThan(500);
  expect(await ping()).toBeLessThan(500);
  await Promise.all(slow);
});

it('serves in turns what waits: one request is not behind the hundred of another caller', async () => {
  const slow = ['a', 'b', 'c', 'd'].map((caller) => startSleepers(caller, 20, 0.5));
  await expect.poll(countSleepers).toBe(10);
  expect(await as('ada', ping)).toBeLessThan(1500);
  await Promise.all(slow);
});

it('finishes the requests that it has begun before it begins others', async () => {
  await using small = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 2 });
  const ended: number[] = [];
  let begun = 0;
  const request = async () => {
    const index = await inTenant(small, tenant, async (trx) => {
      await sql`select pg_sleep(0.02)`.execute(trx);
      return begun++;
    });
    await inTenant(small, tenant, (trx) => sql`select 1`.execute(trx));
    ended.push(begun - index);
  };
  await Promise.all(Array.from({ length: 30 }, () => as('ada', request)));
  // How many were begun between a request's first transaction and its end, itself included.
  expect(Math.max(...ended)).toBeLessThanOrEqual(3);
});

it('gives a caller alone half of the connections, and never none', async () => {
  await using single = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 1 });
  const one = () => inTenant(single, tenant, (trx) => sql`select 1`.execute(trx));
  await as('ada', () => Promise.all([one(), one(), one()]));
});

it('gives up at the deadline of the request, and then leaves nothing behind in the queue', async () => {
  const slow = startSleepers('eve', 20, 1);
  await expect.poll(countSleepers).toBe(5);
  const startedAt = performance.now();
  const refused = as('eve', () => sleepFor(0), startedAt + 200).catch((error: unknown) => error);
  expect(databaseErrorToReason(await refused)).toBe('unavailable');
  expect(performance.now() - startedAt).toBeLessThan(900);
  await slow;
  expect(await as('eve', ping)).toBeLessThan(500);
});

it('counts a request as its caller from when it is known, and shared work as nobody', async () => {
  await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      as('address 192.0.2.1', async () => {
        identifyCaller(`user ${index % 2}`);
        await sleepFor(0.2);
      }),
    ),
  );
  const shared = as('eve', () =>
    outsideRequests(() => Promise.allSettled(Array.from({ length: 8 }, () => sleepFor(1)))),
  );
  await expect.poll(countSleepers).toBe(8);
  await shared;
});

it('gives every connection back, whatever became of the work on it', async () => {
  const fail = () => inTenant(db, tenant, (trx) => sql`select 1 / 0`.execute(trx));
  await Promise.allSettled(Array.from({ length: 50 }, (_, index) => as(`caller ${index % 3}`, fail)));
  await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'fair'`,
  );
  await Promise.allSettled(Array.from({ length: 20 }, () => as('eve', ping)));
  const slow = startSleepers('eve', 10, 1);
  await expect.poll(countSleepers).toBe(5);
  await slow;
});
