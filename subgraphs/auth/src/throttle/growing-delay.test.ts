import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGrowingDelay, type DelayLimits } from './growing-delay.ts';
import { openThrottleStore, type ThrottleStore } from './throttle-store.ts';

const limits: DelayLimits = { free: 3, windowSeconds: 600, maxDelaySeconds: 8 };

describe('growing delay', () => {
  let database: TestDatabase;
  const opened: ThrottleStore[] = [];
  const open = (maxRows = 1000) => {
    const databaseUrl = database.urlOf('signet_auth_user');
    const store = openThrottleStore({ databaseUrl, platform: 'user', log: { warn() {} }, maxRows });
    opened.push(store);
    return store;
  };
  /** As if this much time had gone by since the latest attempt. */
  const passSeconds = (seconds: number) =>
    database.query(
      `update auth.user_throttle set expire = expire - ${seconds * 1000} where key like '%-pause:%'`,
    );
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await Promise.all(opened.map((store) => store.close()));
    await database.drop();
  });

  it('lets so many go at once, then asks for 1, 2, 4 … seconds, and never for more than the longest', async () => {
    const delay = createGrowingDelay(open(), 'grow', limits);
    expect([await delay.take('a'), await delay.take('a'), await delay.take('a')]).toEqual([0, 0, 0]);
    for (const seconds of [1, 2, 4, 8, 8, 8]) {
      const waitMs = await delay.take('a');
      expect(waitMs).toBeGreaterThan(seconds * 1000 - 500);
      expect(waitMs).toBeLessThanOrEqual(seconds * 1000);
      await passSeconds(seconds);
      expect(await delay.take('a')).toBe(0);
    }
    expect(await delay.take('another')).toBe(0);
  });

  it('does not grow by attempts that came in a pause', async () => {
    const delay = createGrowingDelay(open(), 'patient', limits);
    for (let count = 0; count < 3; count++) await delay.take('a');
    for (let count = 0; count < 20; count++) expect(await delay.take('a')).toBeGreaterThan(0);
    await passSeconds(1);
    expect(await delay.take('a')).toBe(0);
    expect(await delay.take('a')).toBeLessThanOrEqual(2000);
  });

  it('gets no more attempts through when they come all at once, to two replicas', async () => {
    const replicas = [open(), open()].map((store) => createGrowingDelay(store, 'race', limits));
    const waits = await Promise.all(
      Array.from({ length: 60 }, (_, index) => replicas[index % 2]?.take('a') as Promise<number>),
    );
    const passed = waits.filter((wait) => wait === 0).length;
    expect(passed).toBeLessThanOrEqual(limits.free);
    expect(passed).toBeGreaterThan(0);
  });

  it('still knows after a restart', async () => {
    const first = open();
    const before = createGrowingDelay(first, 'restart', limits);
    for (let count = 0; count < 3; count++) await before.take('a');
    await first.close();
    expect(await createGrowingDelay(open(), 'restart', limits).take('a')).toBeGreaterThan(0);
  });

  it('forgets a key, and takes back an attempt that was no failure', async () => {
    const delay = createGrowingDelay(open(), 'forget', limits);
    for (let count = 0; count < 3; count++) await delay.take('a');
    await delay.forget('a');
    for (let count = 0; count < 10; count++) {
      expect(await delay.take('a')).toBe(0);
      await delay.giveBack('a');
    }
  });

  it('begins anew when the window is over', async () => {
    const delay = createGrowingDelay(open(), 'window', {
      ...limits,
      free: 1,
      windowSeconds: 1,
      maxDelaySeconds: 1,
    });
    expect(await delay.take('a')).toBe(0);
    expect(await delay.take('a')).toBeGreaterThan(0);
    await sleep(1050);
    expect(await delay.take('a')).toBe(0);
  });

  it('keeps no expired row, and no more rows than it may', async () => {
    await database.query('truncate auth.user_throttle');
    await database.query(
      `insert into auth.user_throttle select 'expired' || n, 1, n from generate_series(1, 12000) n
       union all select 'live' || n, 1, 9000000000000 + n from generate_series(1, 300) n`,
    );
    const store = open(100);
    await store.prune();
    const rows = await database.query(
      `select count(*)::int as count, min(expire)::text as first from auth.user_throttle`,
    );
    expect(rows).toEqual([{ count: 100, first: '9000000000201' }]);
  });

  it('never ends a pause that runs by deleting it, and forgets first who failed least, whatever expires first', async () => {
    await database.query('truncate auth.user_throttle');
    const store = open(3);
    const delay = createGrowingDelay(store, 'guessed', limits);
    for (let count = 0; count < 3; count++) await delay.take('a');
    await store.createLimiter('known', { points: 1, durationSeconds: 9000 }).set('home', 1, 9000);
    await database.query(
      `insert into auth.user_throttle select 'flood-count:' || n, 1, 9000000000000 + n from generate_series(1, 300) n`,
    );
    await store.prune();
    const rows = await database.query('select key from auth.user_throttle order by key');
    expect(rows.map(({ key }) => key)).toEqual(['guessed-count:a', 'guessed-pause:a', 'known:home']);
    expect(await delay.take('a')).toBeGreaterThan(0);
  });

  it('leaves no row of an attempt that was taken back, and adds points to rows that are there only', async () => {
    await database.query('truncate auth.user_throttle');
    const store = open();
    const delay = createGrowingDelay(store, 'count', limits);
    await delay.take('a');
    await store.addPoint([delay.countRow('a'), delay.countRow('b')]);
    const rows = await store.read([delay.countRow('a'), delay.countRow('b'), delay.pauseRow('a')]);
    expect([...rows].map(([name, { points }]) => [name, points])).toEqual([['count-count:a', 2]]);
    await delay.giveBack('a');
    await delay.giveBack('a');
    await delay.giveBack('a');
    expect(await database.query('select from auth.user_throttle')).toEqual([]);
  });

  it('tells from rows that were read how long a pause lasts', async () => {
    const store = open();
    const delay = createGrowingDelay(store, 'read', limits);
    const waitOf = async () => delay.waitOf(await store.read([delay.pauseRow('a')]), 'a');
    expect(await waitOf()).toBe(0);
    for (let count = 0; count < 3; count++) await delay.take('a');
    expect(await waitOf()).toBeGreaterThan(500);
    await passSeconds(1);
    expect(await waitOf()).toBe(0);
  });
});
