import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultyPath, openFaultyPath } from '@signet/testing';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, pingDatabase } from '../database.ts';
import { databaseErrorToReason } from '../database-errors.ts';
import type { Database } from '../tables.ts';
import { DatabaseSilentError } from './pool-errors.ts';
import { poolOf } from './pooled-dialect.ts';

let database: TestDatabase;
let path: FaultyPath;
let db: Kysely<Database>;
let lines: string[];

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  path = await openFaultyPath(database.adminUrl);
  lines = [];
  db = connect();
});
afterEach(async () => {
  await db.destroy();
  await path.close();
});
afterAll(() => database.drop());

function connect(maxConnections = 4) {
  return createDatabase<Database>(path.urlOf(database.urlOf('signet_auth_user')), {
    maxConnections,
    log: (line) => lines.push(line),
  });
}

/** How long it took, and what it came to. */
async function time(run: () => Promise<unknown>) {
  const startedAt = performance.now();
  const outcome = await run().then(
    () => 'done',
    (error: unknown) => databaseErrorToReason(error) ?? error,
  );
  return { outcome, ms: performance.now() - startedAt };
}
const ping = () => pingDatabase(db);
const transaction = () =>
  db.transaction().execute(async (trx) => {
    await sql`select 1`.execute(trx);
    await sleep(20);
    await sql`select 2`.execute(trx);
  });
/** Every connection is at work, and more work waits for one. */
const work = (run = transaction, count = 12) => Promise.all(Array.from({ length: count }, () => time(run)));

const untilAnswered = async () => {
  const startedAt = performance.now();
  while ((await time(ping)).outcome !== 'done') await sleep(50);
  return performance.now() - startedAt;
};

describe('a path that swallows every byte', () => {
  it('fails what waits, then refuses at once, and is back within 5 s of its return, under load', async () => {
    await work();
    path.fault = 'swallow';
    const first = await work();
    for (const { outcome, ms } of first) {
      expect(outcome).toBe('unavailable');
      expect(ms).toBeLessThan(5000);
    }
    expect(lines).toEqual(['the database gives no sign of life']);
    for (const { outcome, ms } of await work()) {
      expect(outcome).toBe('unavailable');
      expect(ms).toBeLessThan(500);
    }
    const load = repeat(work);
    await sleep(3000);
    path.fault = 'none';
    expect(await untilAnswered()).toBeLessThan(5000);
    await load.stop();
    expect((await work()).map(({ outcome }) => outcome)).toEqual(Array(12).fill('done'));
    expect(lines).toEqual(['the database gives no sign of life', 'the database answers again']);
  });

  it('for a moment only costs the statements on it, and no connection stays lost', async () => {
    await work();
    const load = repeat(work);
    await sleep(100);
    path.fault = 'swallow';
    await sleep(600);
    path.fault = 'none';
    await sleep(4500);
    await load.stop();
    const after = await work();
    expect(after.map(({ outcome }) => outcome)).toEqual(Array(12).fill('done'));
    for (const { ms } of after) expect(ms).toBeLessThan(2000);
  });

  it('costs one connection that is new, and nobody waits for it', async () => {
    // What each connection asks first, before anybody gets it.
    path.fault = { loses: 'pg_backend_pid' };
    const { outcome, ms } = await time(ping);
    path.fault = 'none';
    expect(outcome).toBe('unavailable');
    expect(ms).toBeLessThan(5000);
    expect((await time(ping)).outcome).toBe('done');
    expect(poolOf(db).count()).toEqual({ used: 0, idle: 1, waiting: 0 });
  });

  it('does not keep a pool from ending', async () => {
    await work(transaction, 4);
    path.fault = 'swallow';
    const { ms } = await time(() => db.destroy());
    expect(ms).toBeLessThan(2500);
    db = connect();
  });

  it('ends a pool whose last answer was lost', async () => {
    await ping();
    path.fault = 'swallow';
    const lost = ping().catch(() => {});
    await sleep(100);
    path.fault = 'none';
    const { ms } = await time(() => db.destroy());
    expect(ms).toBeLessThan(5000);
    await lost;
    db = connect();
  });

  it('is found before the first connection, too', async () => {
    path.fault = 'swallow';
    const { outcome, ms } = await time(ping);
    expect(outcome).toBe('unavailable');
    expect(ms).toBeLessThan(5000);
    const error = await ping().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DatabaseSilentError);
    path.fault = 'none';
    expect(await untilAnswered()).toBeLessThan(5000);
  });
});

it('waits for a statement that takes long while the server is at work on it', async () => {
  const { outcome, ms } = await time(() => sql`select pg_sleep(3.5)`.execute(db));
  expect(outcome).toBe('done');
  expect(ms).toBeGreaterThan(3400);
  expect(lines).toEqual([]);
});

it('gives up a statement whose answer alone was lost, and no other connection', async () => {
  await work(transaction, 2);
  const slow = sql`select pg_sleep(4)`.execute(db);
  await sleep(200);
  path.fault = 'swallow';
  const lost = time(ping);
  await sleep(100);
  path.fault = 'none';
  const { outcome, ms } = await lost;
  expect(outcome).toBe('unavailable');
  expect(ms).toBeLessThan(4000);
  await slow;
  expect(lines).toEqual([]);
});

it.each(['cut', 'reset'] as const)('goes on at once after its connections are %s', async (how) => {
  await work();
  path.end(how);
  await sleep(100);
  expect((await work()).map(({ outcome }) => outcome)).toEqual(Array(12).fill('done'));
});

it('works on a slow path', async () => {
  path.fault = { delayMs: 150 };
  expect((await work(ping, 4)).map(({ outcome }) => outcome)).toEqual(Array(4).fill('done'));
  expect(lines).toEqual([]);
});

it('fails a statement whose answer cannot be read, and gives up its connection', async () => {
  await work();
  path.fault = 'garble';
  for (const { outcome, ms } of await work(ping, 4)) {
    expect(outcome).toBe('unavailable');
    expect(ms).toBeLessThan(3000);
  }
  path.fault = 'none';
  expect(await untilAnswered()).toBeLessThan(5000);
});

it('survives bytes that were changed on the way', async () => {
  await work();
  path.fault = 'corrupt';
  for (const { ms } of await work(ping)) expect(ms).toBeLessThan(8000);
  path.fault = 'none';
  expect(await untilAnswered()).toBeLessThan(5000);
});

/** Runs it again and again. */
function repeat(run: () => Promise<unknown>) {
  let isStopped = false;
  const running = (async () => {
    while (!isStopped) {
      await run();
      await sleep(20);
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await running;
    },
  };
}
