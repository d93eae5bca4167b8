import { randomUUID } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { type RevocationFeed, type RevocationRead, startRevocationFeed } from './revocation-feed.ts';

type Row = RevocationRead['rows'][number];
const feeds: RevocationFeed[] = [];
afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.stop();
});

const row = (changes: Partial<Row> = {}): Row => ({
  kind: 'session',
  platform: 'user',
  subject: randomUUID(),
  expiresAtMs: Date.now() + 60_000,
  ageSeconds: 0.01,
  ...changes,
});

/** A feed of a server that answers as told, with a clock that stands still until moved. */
function start({ pollSeconds = 0.02, rows = [] as Row[], isDown = false } = {}) {
  const server = { rows, isDown, reads: 0, connections: 0, wake: () => {}, lose: () => {} };
  const clock = { ms: 1000 };
  const events: string[] = [];
  const feed = startRevocationFeed({
    now: () => clock.ms,
    pollSeconds,
    onFailure: (error) => events.push(`failed: ${(error as Error).message}`),
    onRecovery: () => events.push('recovered'),
    connect: async ({ onWake, onLost }) => {
      if (server.isDown) throw new Error('refused');
      server.connections += 1;
      server.wake = onWake;
      server.lose = () => onLost(new Error('reset'));
      return {
        async read() {
          server.reads += 1;
          if (server.isDown) throw new Error('gone');
          return { rows: server.rows, mark: '1' };
        },
        close: async () => {},
      };
    },
  });
  feeds.push(feed);
  return { feed, server, clock, events };
}

test('is unread, then current, then stale 30 s after the last read began, and current again', async () => {
  const { feed, server, clock } = start({ isDown: true });
  await feed.waitUntilRead(30);
  expect([feed.state(), feed.lag().read]).toEqual(['unread', undefined]);
  expect(feed.checkReady()).toBe('the revocations were not read yet');
  server.isDown = false;
  await feed.waitUntilRead(5000);
  expect([feed.state(), feed.checkReady()]).toEqual(['current', undefined]);
  server.isDown = true;
  await vi.waitFor(() => expect(server.reads).toBeGreaterThan(1), 30_000);
  clock.ms += 30_000;
  expect([feed.state(), feed.lag().read]).toEqual(['current', 30]);
  clock.ms += 1;
  expect(feed.state()).toBe('stale');
  expect(feed.checkReady()).toBeUndefined(); // Customers' tokens hold: the process has work to do.
  expect(await feed.findLack()).toBe('can not be read; what was read 30.0 s ago stays in use');
  server.isDown = false;
  await vi.waitFor(() => expect(feed.state()).toBe('current'), { timeout: 30_000 });
});

test('never becomes current by time alone before the first read', async () => {
  const { feed, clock } = start({ isDown: true });
  clock.ms += 1_000_000;
  expect(feed.state()).toBe('unread');
});

test('a slow read counts from its beginning', async () => {
  const clock = { ms: 0 };
  const feed = startRevocationFeed({
    now: () => clock.ms,
    connect: async () => ({
      async read() {
        clock.ms += 20_000;
        return { rows: [], mark: '1' };
      },
      close: async () => {},
    }),
  });
  feeds.push(feed);
  await feed.waitUntilRead(1000);
  expect(feed.lag().read).toBe(20);
});

test('keeps what it knows while the server is away, and says once that it is', async () => {
  const known = row();
  const { feed, server, events } = start({ rows: [known] });
  await feed.waitUntilRead(1000);
  server.isDown = true;
  await vi.waitFor(() => expect(events).toHaveLength(1), 30_000);
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(feed.isSessionRevoked('user', known.subject)).toBe(true);
  expect(events).toEqual(['failed: gone']);
  server.isDown = false;
  await vi.waitFor(() => expect(events).toEqual(['failed: gone', 'recovered']), { timeout: 30_000 });
});

test('makes a new connection when one is lost between two reads', async () => {
  const { feed, server } = start({ pollSeconds: 60 });
  await feed.waitUntilRead(1000);
  server.lose();
  await vi.waitFor(() => expect(server.connections).toBe(2), { timeout: 30_000 });
});

test('forgets what has expired, and no key ever', async () => {
  const key = row({ kind: 'signing_key', subject: 'kid', expiresAtMs: Number.POSITIVE_INFINITY });
  const short = row({ expiresAtMs: Date.now() + 100 });
  const { feed, server } = start({ rows: [key, short] });
  await feed.waitUntilRead(1000);
  server.rows = [];
  expect([feed.size(), feed.isSessionRevoked('user', short.subject)]).toEqual([2, true]);
  await vi.waitFor(() => expect(feed.size()).toBe(1), { timeout: 30_000 });
  expect(feed.isKeyRevoked('user', 'kid')).toBe(true);
});

test('a thousand calls to wake are a handful of reads', async () => {
  const { feed, server } = start({ pollSeconds: 60 });
  await feed.waitUntilRead(1000);
  const before = server.reads;
  const end = Date.now() + 300;
  while (Date.now() < end) {
    for (let call = 0; call < 100; call++) server.wake();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(server.reads - before).toBeGreaterThan(0);
  expect(server.reads - before).toBeLessThanOrEqual(8);
});

test('a call to wake during a read leads to another one', async () => {
  const late = row();
  const { feed, server } = start({ pollSeconds: 60 });
  await feed.waitUntilRead(1000);
  server.wake();
  server.rows = [late];
  server.wake();
  await vi.waitFor(() => expect(feed.isSessionRevoked('user', late.subject)).toBe(true), 30_000);
});
