import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFaultyPath, shortestOfThree } from '@signet/testing';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { startPgBouncer } from '@signet/testing/pgbouncer';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest';
import { createPostgresConnector } from './postgres-revocations.ts';
import { type RevocationFeed, startRevocationFeed } from './revocation-feed.ts';

let database: TestDatabase;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => database.drop());

/** Polls so rarely that what it learns in a test, it learns by being woken or by reading all. */
async function follow({ pollSeconds = 60, url = database.urlOf('signet_verifier') } = {}) {
  const failures: unknown[] = [];
  const connect = createPostgresConnector(url);
  const reads: (string | undefined)[] = [];
  const feed = startRevocationFeed({
    connect: async (events) => {
      const connection = await connect(events);
      return {
        ...connection,
        read: (mark) => {
          reads.push(mark);
          return connection.read(mark);
        },
      };
    },
    pollSeconds,
    onFailure: (error) => failures.push(error),
  });
  stops.push(() => feed.stop());
  await feed.waitUntilRead(5000);
  return { feed, failures, reads };
}

const insert = `insert into auth.revocation (kind, platform, subject, expires_at)
  values ('session', 'user', $1, now() + interval '1 minute')`;

async function revoke(id = randomUUID()): Promise<string> {
  await database.query(insert, [id]);
  return id;
}

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  stops.push(() => client.end());
  return client;
}

const isRevoked = (feed: RevocationFeed, id: string) => feed.isSessionRevoked('user', id);
const untilRevoked = (feed: RevocationFeed, id: string) =>
  vi.waitFor(() => expect(isRevoked(feed, id)).toBe(true), { timeout: 12_000, interval: 5 });

test('knows at the start what was revoked before, but not what has expired', async () => {
  const before = await revoke();
  const expired = randomUUID();
  await database.query(
    `insert into auth.revocation (kind, platform, subject, expires_at) values ('session', 'user', $1, now())`,
    [expired],
  );
  const { feed } = await follow();
  expect(isRevoked(feed, before)).toBe(true);
  expect(isRevoked(feed, expired)).toBe(false);
  expect(feed.isSessionRevoked('portal', before)).toBe(false);
  expect(feed.isKeyRevoked('user', before)).toBe(false);
});

test('reads a revocation when it is woken, long before the next poll, and reports how long it took', async () => {
  const { feed } = await follow();
  expect(feed.lag()).toEqual({ read: expect.any(Number), delivery: undefined });
  const startedAt = performance.now();
  await untilRevoked(feed, await revoke());
  const { delivery } = feed.lag();
  expect(delivery).toBeGreaterThan(0);
  // From the row to this process, so no longer than writing and waiting took here; the two clocks differ by some microseconds.
  expect(delivery).toBeLessThan((performance.now() - startedAt) / 1000 + 0.05);
});

test('reads a revocation at the next poll if it is not woken', async () => {
  const { feed } = await follow({ pollSeconds: 0.2 });
  const id = randomUUID();
  const client = await connect();
  await client.query('set session_replication_role = replica'); // No trigger, so no notification.
  await client.query(insert, [id]);
  await untilRevoked(feed, id);
});

test('knows that a revoked signing key is revoked for ever, and calls the listeners once', async () => {
  const { feed } = await follow();
  const heard: string[] = [];
  feed.onKeyRevoked((platform, kid) => heard.push(`${platform} ${kid}`));
  await database.query(
    `insert into auth.revocation (kind, platform, subject) values ('signing_key', 'portal', 'a-kid')`,
  );
  await vi.waitFor(() => expect(feed.isKeyRevoked('portal', 'a-kid')).toBe(true), 30_000);
  expect(feed.isKeyRevoked('user', 'a-kid')).toBe(false);
  expect(heard).toEqual(['portal a-kid']);
  await untilRevoked(feed, await revoke());
  expect(heard).toHaveLength(1);
});

test('misses none that commits late, after others that began later, however many reads lie between', async () => {
  const { feed, reads } = await follow();
  const late = await connect();
  const lateId = randomUUID();
  await late.query('begin');
  await late.query(insert, [lateId]);
  for (let round = 0; round < 5; round++) {
    await untilRevoked(feed, await revoke());
  }
  expect(isRevoked(feed, lateId)).toBe(false);
  // As if it had been written an hour ago: no overlap of time finds it, only that it was not finished.
  await late.query(`update auth.revocation set created_at = now() - interval '1 hour' where subject = $1`, [
    lateId,
  ]);
  await late.query('commit');
  await untilRevoked(feed, lateId);
  expect(reads.filter((mark) => mark === undefined)).toHaveLength(1);
});

test('misses none of many that commit in any order', async () => {
  const { feed } = await follow();
  const clients = await Promise.all(Array.from({ length: 4 }, connect));
  const ids: string[] = [];
  await Promise.all(
    clients.map(async (client, index) => {
      for (let round = 0; round < 25; round++) {
        const id = randomUUID();
        ids.push(id);
        await client.query('begin');
        await client.query(insert, [id]);
        await sleep((round * (index + 1) * 7) % 30);
        await client.query('commit');
      }
    }),
  );
  await vi.waitFor(() => expect(ids.filter((id) => !isRevoked(feed, id))).toEqual([]), { timeout: 12_000 });
});

test('an undone revocation never was', async () => {
  const { feed } = await follow();
  const client = await connect();
  const id = randomUUID();
  await client.query('begin');
  await client.query(insert, [id]);
  await client.query('rollback');
  await untilRevoked(feed, await revoke());
  expect(isRevoked(feed, id)).toBe(false);
});

test('a forged notification, from any role, changes nothing and makes nobody read without end', async () => {
  const { feed, reads } = await follow();
  const forger = new pg.Client({ connectionString: database.urlOf('signet_portal') });
  await forger.connect();
  stops.push(() => forger.end());
  const victim = randomUUID();
  const before = reads.length;
  const startedAt = performance.now();
  for (let round = 0; round < 300; round++) {
    const payload = JSON.stringify({ kind: 'session', platform: 'user', subject: victim, round });
    await forger.query(`select pg_notify('signet_revocation', $1)`, [payload]);
  }
  await untilRevoked(feed, await revoke());
  expect(isRevoked(feed, victim)).toBe(false);
  expect(reads.length - before).toBeLessThan(3 + (performance.now() - startedAt) / 50);
});

test('comes back after its connections are killed, and knows what was revoked meanwhile', async () => {
  const { feed, failures, reads } = await follow();
  const known = await revoke();
  await untilRevoked(feed, known);
  const killed = await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'signet-revocations' and datname = current_database()`,
  );
  expect(killed).toHaveLength(2);
  const meanwhile = randomUUID();
  const silent = await connect();
  await silent.query('set session_replication_role = replica');
  await silent.query(insert, [meanwhile]);
  expect(isRevoked(feed, known)).toBe(true);
  await untilRevoked(feed, meanwhile);
  await untilRevoked(feed, await revoke());
  expect(failures).toHaveLength(1);
  expect(reads.filter((mark) => mark === undefined)).toHaveLength(2);
});

test.each([
  ['LISTEN', `query ilike 'listen%'`],
  ["the reader's", `query not ilike 'listen%'`],
])('comes back after the connection of %s alone is killed', async (_title, condition) => {
  const { feed } = await follow();
  const killed = await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'signet-revocations' and datname = current_database() and ${condition}`,
  );
  expect(killed).toHaveLength(1);
  await sleep(300);
  await untilRevoked(feed, await revoke());
});

test('has no way to anything else in the database', async () => {
  const client = new pg.Client({ connectionString: database.urlOf('signet_verifier') });
  await client.connect();
  stops.push(() => client.end());
  for (const table of ['auth.user', 'auth.user_session', 'auth.tenant', 'portal.support_note']) {
    await expect(client.query(`select from ${table}`)).rejects.toMatchObject({ code: '42501' });
  }
});

test('is not ready, and stops in time, where there is no such server', async () => {
  const unreachable = startRevocationFeed({
    connect: createPostgresConnector('postgres://signet_verifier:x@127.0.0.1:1/signet'),
  });
  await unreachable.waitUntilRead(300);
  expect([unreachable.state(), unreachable.checkReady()]).toEqual([
    'unread',
    'the revocations were not read yet',
  ]);
  await unreachable.stop();
});

/** A feed over a path that a test can break. */
async function followOverPath(pollSeconds?: number) {
  const path = await openFaultyPath(database.adminUrl);
  stops.unshift(() => path.close());
  const url = path.urlOf(database.urlOf('signet_verifier'));
  return { path, ...(await follow({ url, ...(pollSeconds !== undefined && { pollSeconds }) })) };
}

test('says that it receives no notifications behind a pooler in transaction mode, and reads within a second all the same', async () => {
  const { feed, path } = await followOverPath();
  expect(await feed.findLack()).toBeUndefined();
  path.fault = 'deafen';
  path.end('cut'); // The proof comes with each new connection, as at a start.
  await expect.poll(() => feed.findLack()).toMatch(/receives no NOTIFY.*pooler/);
  const ms = await shortestOfThree(1500, async () => {
    const startedAt = performance.now();
    await untilRevoked(feed, await revoke());
    return performance.now() - startedAt;
  });
  expect(ms).toBeLessThan(1500);
  expect(feed.checkReady()).toBeUndefined();
  path.fault = 'none';
  await expect.poll(() => feed.findLack()).toBeUndefined();
});

// At the same time, each with a feed and a path of its own: nearly all of it is waiting.
test('is back within 5 s after the path was broken, in whichever way', async () => {
  const faults = ['swallow', 'corrupt', 'garble', { delayMs: 200 }] as const;
  await Promise.all(
    faults.map(async (fault) => {
      const { feed, path } = await followOverPath(1);
      path.fault = fault;
      await sleep(6000);
      const meanwhile = await revoke();
      path.fault = 'none';
      const startedAt = performance.now();
      await untilRevoked(feed, meanwhile);
      expect(performance.now() - startedAt, JSON.stringify(fault)).toBeLessThan(5000);
      await expect.poll(() => feed.findLack(), { message: JSON.stringify(fault) }).toBeUndefined();
    }),
  );
});

test.each(['swallow', 'cut'] as const)(
  'says within a second of a question that the database is lost, though nothing was revoked: %s',
  async (fault) => {
    // A readiness check is given up after a second. Each try has a feed of its own: one that has failed says so at once.
    const ms = await shortestOfThree(1000, async () => {
      const { feed, path } = await followOverPath();
      expect(await feed.findLack()).toBeUndefined();
      if (fault === 'swallow') path.fault = 'swallow';
      else await path.close();
      await sleep(600);
      const startedAt = performance.now();
      expect(await feed.findLack()).toMatch(/^can not be read; what was read .* stays in use$/);
      return performance.now() - startedAt;
    });
    expect(ms).toBeLessThan(1000);
  },
);

test('reads through a real PgBouncer in transaction mode, with one failure, and within a second', async () => {
  const { passwords } = inject('testCluster');
  const bouncer = await startPgBouncer({ serverUrl: database.adminUrl, passwords });
  stops.push(() => bouncer.remove());
  const known = await revoke();
  const { feed, failures, reads } = await follow({ url: bouncer.urlOf(database.urlOf('signet_verifier')) });
  expect(isRevoked(feed, known)).toBe(true);
  await vi.waitFor(async () => expect(await feed.findLack()).toMatch(/receives no NOTIFY/), {
    timeout: 15_000,
  });
  const others = await connect();
  for (let round = 0; round < 5; round++) {
    const id = randomUUID();
    await others.query(insert, [id]);
    await vi.waitFor(() => expect(isRevoked(feed, id)).toBe(true), { timeout: 10_000, interval: 20 });
  }
  // All rows were read once only: the connection held.
  expect([failures.length, reads.filter((mark) => mark === undefined).length]).toEqual([1, 1]);
});
