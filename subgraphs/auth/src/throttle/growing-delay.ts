import { RateLimiterRes } from 'rate-limiter-flexible';
import type { ThrottleRows, ThrottleStore } from './throttle-store.ts';

export type DelayLimits = {
  /** This many attempts go through at once; from the last of them on, a pause follows each: 1 s, 2 s, 4 s, … */
  free: number;
  /** Starts with the first attempt; at its end the count is zero again. */
  windowSeconds: number;
  /** The longest pause. No key is locked for good. */
  maxDelaySeconds: number;
};

/** Counts attempts by key. Never refuses for good: after the pause the next attempt goes through. */
export type GrowingDelay = {
  /** Counts an attempt and returns 0 when it may go on. Else returns the rest of the pause in ms, and does not count it. */
  take(key: string): Promise<number>;
  /** Takes back an attempt that was no failure. */
  giveBack(key: string): Promise<void>;
  forget(key: string): Promise<void>;
  /** The names of a key's rows in the store: what is counted, and the pause. */
  countRow(key: string): string;
  pauseRow(key: string): string;
  /** The rest of the pause, in ms, by rows that were read; 0 without one. Takes nothing, so it only tells who need not try. */
  waitOf(rows: ThrottleRows, key: string): number;
  /** Whether the free attempts are used up, by rows that were read. */
  isFull(rows: ThrottleRows, key: string): boolean;
};

/**
 * Each step is one statement, so that a hundred attempts at once, at any replicas, get no more guesses than one after the
 * other: an attempt that goes on in a pause must win the pause's row, and only one wins.
 */
export function createGrowingDelay(store: ThrottleStore, prefix: string, limits: DelayLimits): GrowingDelay {
  const { free, windowSeconds, maxDelaySeconds } = limits;
  const counts = store.createLimiter(`${prefix}-count`, { points: free, durationSeconds: windowSeconds });
  const pauses = store.createLimiter(`${prefix}-pause`, { points: 1, durationSeconds: maxDelaySeconds });
  const countRow = (key: string) => `${prefix}-count:${key}`;
  const pauseRow = (key: string) => `${prefix}-pause:${key}`;
  const giveBack = (key: string) => store.giveBack(countRow(key));
  return {
    countRow,
    pauseRow,
    waitOf: (rows, key) => rows.get(pauseRow(key))?.msLeft ?? 0,
    isFull: (rows, key) => (rows.get(countRow(key))?.points ?? 0) >= free,
    async take(key) {
      const { consumedPoints } = await counts.penalty(key);
      if (consumedPoints < free) {
        return 0;
      }
      const delaySeconds = Math.min(2 ** Math.min(consumedPoints - free, 30), maxDelaySeconds);
      try {
        await pauses.consume(key, 1, { customDuration: delaySeconds });
        return 0;
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) {
          throw error;
        }
        await giveBack(key);
        return Math.max(error.msBeforeNext, 1);
      }
    },
    giveBack,
    async forget(key) {
      await Promise.all([counts.delete(key), pauses.delete(key)]);
    },
  };
}
