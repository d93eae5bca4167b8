import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSingleFlight } from './single-flight.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Tasks that take their time, and note for whom they were run. */
const openFlights = (maxCallers = 20) => {
  const share = createSingleFlight<string>({
    isOwn: (outcome) => outcome !== 'no-room',
    patienceMs: 250,
    maxCallers,
  });
  const ranFor: string[] = [];
  const ask = (caller: string, outcome: string, ms: number) =>
    share('key', caller, async () => {
      ranFor.push(caller);
      await new Promise((resolve) => setTimeout(resolve, ms));
      if (outcome === 'throws') throw new Error('failed');
      return outcome;
    });
  return { ask, ranFor };
};

it('runs a task once for all who ask while it runs', async () => {
  const { ask, ranFor } = openFlights();
  const all = ['a', 'b', 'a', 'c'].map((caller) => ask(caller, `by ${caller}`, 100));
  await vi.advanceTimersByTimeAsync(100);
  expect(await Promise.all(all)).toEqual(Array(4).fill('by a'));
  await vi.advanceTimersByTimeAsync(1000);
  expect(ranFor).toEqual(['a']);
});

it('lets nobody wait for the turn of another, and gives the first outcome to all', async () => {
  const { ask, ranFor } = openFlights();
  const all = [ask('waits in its own long line', 'late', 5000), ask('b', 'soon', 10)];
  await vi.advanceTimersByTimeAsync(260);
  expect(await Promise.all(all)).toEqual(['soon', 'soon']);
  expect(ranFor).toHaveLength(2);
});

it('runs it for a caller that joined others without room, even if one of those asks again at once', async () => {
  const { ask, ranFor } = openFlights();
  const askAgain = async (caller: string) => {
    for (let turn = 0; turn < 3; turn += 1) await ask(caller, 'no-room', 100);
  };
  void askAgain('a');
  void askAgain('b');
  const honest = ask('c', 'planned', 100);
  await vi.advanceTimersByTimeAsync(500);
  expect(await honest).toBe('planned');
  expect(ranFor.filter((caller) => caller === 'c')).toHaveLength(1);
});

it('goes on while any of its turns may still bring an outcome', async () => {
  const { ask } = openFlights();
  const all = [ask('a', 'no-room', 400), ask('b', 'planned', 400)];
  await vi.advanceTimersByTimeAsync(650);
  expect(await Promise.all(all)).toEqual(['planned', 'planned']);
});

it('runs it for so many callers at most', async () => {
  const { ask, ranFor } = openFlights(2);
  const all = ['a', 'b', 'c', 'd'].map((caller) => ask(caller, 'planned', 1000));
  await vi.advanceTimersByTimeAsync(2000);
  expect(await Promise.all(all)).toEqual(Array(4).fill('planned'));
  expect(ranFor).toEqual(['a', 'b']);
});

it('forgets what failed', async () => {
  const { ask } = openFlights();
  const failed = expect(ask('a', 'throws', 10)).rejects.toThrow('failed');
  await vi.advanceTimersByTimeAsync(10);
  await failed;
  const again = ask('b', 'planned', 10);
  await vi.advanceTimersByTimeAsync(10);
  expect(await again).toBe('planned');
});
