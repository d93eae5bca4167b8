import {
  createTestDatabase,
  type FaultyPath,
  openFaultyPath,
  shortestOfThree,
  type TestDatabase,
} from '@signet/testing';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openProcessDatabase, type ProcessDatabase } from './process-database.ts';
import { inRequest } from './request-scope.ts';

let database: TestDatabase;
let path: FaultyPath;
let opened: ProcessDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
  path = await openFaultyPath(database.adminUrl);
  opened = open();
});
afterEach(async () => {
  path.fault = 'none';
  await opened.close();
  await path.close();
  await database.drop();
});

function open(): ProcessDatabase {
  const url = path.urlOf(database.urlOf('signet_verifier'));
  return openProcessDatabase(url, { name: 'test', log: { warn: () => {} }, maxConnections: 2 });
}

test('says within a second that the database is lost, in whatever way, and that it is back', async () => {
  const ms = await shortestOfThree(1000, async () => {
    // Anew each time: a pool that has found its server silent says so at once.
    path.fault = 'none';
    await opened.close();
    opened = open();
    expect(await opened.checkReady()).toBeUndefined();
    path.fault = 'swallow';
    const startedAt = performance.now();
    expect(await opened.checkReady()).toBe('the database does not answer within 800 ms');
    return performance.now() - startedAt;
  });
  expect(ms).toBeLessThan(1000);
  path.fault = 'none';
  path.end('reset');
  await expect.poll(() => opened.checkReady()).toBeUndefined();
  await path.close();
  await expect.poll(() => opened.checkReady()).toBe('the database does not answer');
});

test('callers who hold all connections do not make it lost', async () => {
  const slow = ['one', 'two'].map((caller) =>
    inRequest({ caller }, () => sql`select pg_sleep(3)`.execute(opened.db)),
  );
  const readBusy = () =>
    database.query(
      "select pid from pg_stat_activity where state = 'active' and query = 'select pg_sleep(3)'",
    );
  await expect.poll(readBusy).toHaveLength(2);
  expect(await opened.checkReady()).toBeUndefined();
  expect(await readBusy()).toHaveLength(2);
  await Promise.all(slow);
});
