import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createFetchTurns, NoTurnError } from './fetch-turns.ts';

/** Fetches that last until they are ended, and the callers of those that run, in order. */
function createFetches(connections: number) {
  const turns = createFetchTurns(connections);
  const running: string[] = [];
  const ends: (() => void)[] = [];
  const start = (caller: string, timeoutMs = 10_000) => {
    const outcome = turns.run(caller, { timeoutMs }, () => {
      running.push(caller);
      return new Promise<string>((resolve) => ends.push(() => resolve(caller)));
    });
    outcome.catch(() => {});
    return outcome;
  };
  const endOldest = async () => {
    ends.shift()?.();
    await sleep(0);
  };
  return { turns, running, start, endOldest };
}

test('one caller holds half of the connections, and another is served at once', async () => {
  const { running, start } = createFetches(64);
  for (let count = 0; count < 200; count += 1) start('a');
  expect(running).toHaveLength(32);
  start('b');
  expect(running.at(-1)).toBe('b');
});

test('callers whose fetches wait take turns', async () => {
  const { running, start, endOldest } = createFetches(4);
  for (const caller of ['a', 'a', 'b', 'c', 'c', 'c', 'a', 'a', 'b', 'd']) start(caller);
  expect(running).toEqual(['a', 'a', 'b', 'c']);
  for (let count = 0; count < 10; count += 1) await endOldest();
  expect(running).toHaveLength(10);
  expect(running.slice(4, 7).toSorted()).toEqual(['a', 'b', 'd']);
});

test('a fetch that fails gives its connection to the next', async () => {
  const turns = createFetchTurns(2);
  const failed = turns.run('a', { timeoutMs: 1000 }, async () => {
    await sleep(1);
    throw new Error('reset');
  });
  const next = turns.run('a', { timeoutMs: 1000 }, async () => 'served');
  await expect(failed).rejects.toThrow('reset');
  expect(await next).toBe('served');
});

test('a fetch that has no turn in its time is not begun later', async () => {
  const { running, start, endOldest } = createFetches(2);
  start('a');
  await expect(start('a', 20)).rejects.toThrow(NoTurnError);
  await endOldest();
  expect(running).toEqual(['a']);
});

test('a caller that fills the queue loses its own newest fetch', async () => {
  const { running, start } = createFetches(2);
  for (let count = 0; count < 1 + 4096; count += 1) start('a', 60_000);
  await expect(start('a', 60_000)).rejects.toThrow(NoTurnError);
  start('b');
  expect(running).toEqual(['a', 'b']);
});

test('what a caller holds still counts after hundreds of others have come and gone', async () => {
  const { turns, running, start } = createFetches(4);
  for (const caller of ['a', 'a', 'a']) start(caller);
  for (let count = 0; count < 1000; count += 1)
    await turns.run(`other ${count}`, { timeoutMs: 1000 }, async () => {});
  start('a');
  expect(running).toEqual(['a', 'a']);
});
