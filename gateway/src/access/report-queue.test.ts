import type { ReportedRefusal } from '@signet/schema/contract';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createReportQueue } from './report-queue.ts';

const refusal = (count: number): ReportedRefusal => ({ reason: 'authz.scope.deny', place: 'rules', count });

/** `answers`: what becomes of the attempts, one after the other; taken when there is none left. */
function startQueue(answers: ('taken' | 'refused' | 'down')[], maxWaiting = 1000) {
  const attempts: number[][] = [];
  const logger = { warn: vi.fn(), error: vi.fn() };
  const queue = createReportQueue({
    logger,
    maxWaiting,
    async send(refusals) {
      attempts.push(refusals.map(({ count }) => count));
      const answer = answers.shift() ?? 'taken';
      if (answer === 'down') throw new Error('down');
      return answer === 'taken';
    },
  });
  return { queue, attempts, logger };
}

describe('reports that wait', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('go together about a second later, at most a hundred in one', async () => {
    const { queue, attempts } = startQueue([]);
    for (let n = 1; n <= 150; n++) queue.add(refusal(n));
    await vi.advanceTimersByTimeAsync(999);
    expect(attempts).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(attempts.map((counts) => [counts.length, counts[0]])).toEqual([
      [100, 1],
      [50, 101],
    ]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(attempts).toHaveLength(2);
  });

  it('are sent again while auth is down, after pauses that grow to half a minute, and none is lost', async () => {
    const { queue, attempts } = startQueue(Array(9).fill('down'));
    queue.add(refusal(1));
    const times: number[] = [];
    for (let second = 1; second <= 200; second++) {
      const before = attempts.length;
      await vi.advanceTimersByTimeAsync(1000);
      if (attempts.length > before) times.push(second);
    }
    expect(times).toEqual([1, 3, 6, 11, 20, 37, 68, 99, 130, 161]);
    expect(attempts.at(-1)).toEqual([1]);
  });

  it('are sent again as the same report: what came since waits for the next one', async () => {
    const { queue, attempts } = startQueue(['down', 'down']);
    queue.add(refusal(1));
    await vi.advanceTimersByTimeAsync(1000);
    queue.add(refusal(2));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(attempts).toEqual([[1], [1], [1], [2]]);
  });

  it('are dropped beyond their number, the oldest first but for those that auth may have, and the log says how many', async () => {
    const { queue, attempts, logger } = startQueue(['down'], 10);
    for (let n = 1; n <= 5; n++) queue.add(refusal(n));
    await vi.advanceTimersByTimeAsync(1000);
    for (let n = 6; n <= 30; n++) queue.add(refusal(n));
    await vi.advanceTimersByTimeAsync(3000);
    expect(attempts.slice(1)).toEqual([
      [1, 2, 3, 4, 5],
      [16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30],
    ]);
    expect(logger.error.mock.calls).toEqual([
      [{ rows: 10, refusals: 105 }, 'refusals will not be in the audit log: too many wait for auth'],
    ]);
  });

  it('hold no more than twice their number between two attempts', async () => {
    const { queue, attempts } = startQueue([], 10);
    for (let n = 1; n <= 10_000; n++) queue.add(refusal(n));
    await vi.advanceTimersByTimeAsync(1000);
    expect(attempts.flat().length).toBeLessThan(20);
    expect(attempts.flat().at(-1)).toBe(10_000);
  });

  it('are dropped where auth will never take them, and do not hold up the next', async () => {
    const { queue, attempts, logger } = startQueue(['refused']);
    queue.add(refusal(1));
    await vi.advanceTimersByTimeAsync(1000);
    queue.add(refusal(2));
    await vi.advanceTimersByTimeAsync(1000);
    expect(attempts).toEqual([[1], [2]]);
    expect(logger.error).toHaveBeenCalledOnce();
  });

  it('go at the end, once, and the log has what auth does not accept then', async () => {
    const { queue, attempts } = startQueue([]);
    queue.add(refusal(1));
    await queue.stop();
    expect(attempts).toEqual([[1]]);
    const broken = startQueue(['down', 'down']);
    broken.queue.add(refusal(7));
    await broken.queue.stop();
    expect(broken.attempts).toEqual([[7]]);
    expect(broken.logger.error.mock.calls).toEqual([
      [{ rows: 1, refusals: 7 }, 'refusals will not be in the audit log: the process ends'],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
