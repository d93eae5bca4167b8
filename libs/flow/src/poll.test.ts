import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { poll } from './poll.ts';

let stop: (() => Promise<void>) | undefined;
afterEach(() => stop?.());

test('runs a task again and again, and never twice at a time', async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  stop = poll(
    async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(5);
      running -= 1;
      runs += 1;
    },
    { everyMs: 1 },
  );
  await vi.waitFor(() => expect(runs).toBeGreaterThan(3), 30_000);
  expect(most).toBe(1);
});

test('reports the same fault once, another one again, and the first again after a success', async () => {
  const outcomes = ['a', 'a', 'b', '', 'b', 'b'];
  const faults: string[] = [];
  let runs = 0;
  stop = poll(
    async () => {
      const outcome = outcomes[runs];
      runs += 1;
      if (outcome) throw new Error(outcome);
    },
    { everyMs: 1, onFault: ({ message }) => faults.push(message) },
  );
  await vi.waitFor(() => expect(runs).toBeGreaterThanOrEqual(outcomes.length), 30_000);
  expect(faults).toEqual(['a', 'b', 'b']);
});

test('a task that throws without a listener for faults runs again', async () => {
  let runs = 0;
  stop = poll(
    async () => {
      runs += 1;
      throw new Error('no');
    },
    { everyMs: 1 },
  );
  await vi.waitFor(() => expect(runs).toBeGreaterThan(1), 30_000);
});

test('its end aborts the run under way, waits for it, and starts no other', async () => {
  let runs = 0;
  let isOver = false;
  const started = Promise.withResolvers<void>();
  stop = poll(
    async (signal) => {
      runs += 1;
      started.resolve();
      while (!signal.aborted) await sleep(1);
      isOver = true;
    },
    { everyMs: 1 },
  );
  await started.promise;
  await stop();
  expect(isOver).toBe(true);
  await sleep(20);
  expect(runs).toBe(1);
});
