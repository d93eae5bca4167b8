import { RateLimiterRes } from 'rate-limiter-flexible';
import type { ThrottleStore } from './throttle-store.ts';

export type DelayLimits = {
  /** So many attempts go through at once; from the last of them on each is followed by a pause: 1 s, 2 s, 4 s, … */
  free: number;
  /** Counted from the first attempt; after it all is forgotten. */
  windowSeconds: number;
  /** No pause is longer. There is no lock without an end. */
  maxDelaySeconds: number;
};

/** Counts attempts by key. Never refuses for good: whoever waits out the pause may try again. */
export type GrowingDelay = {
  /** Counts an attempt. 0 when it may go on, else the milliseconds of the pause that is left; then it was not counted. */
  take(key: string): Promise<number>;
  /** An attempt that was no failure. */
  giveBack(key: string): Promise<void>;
  forget(key: string): Promise<void>;
};

/**
 * Each step is one statement, so that a hundred attempts at once, to any replica, get no more than one after the other:
 * who would go on in a pause has to win its row, and one wins.
 */
export function createGrowingDelay(store: ThrottleStore, prefix: string, limits: DelayLimits): GrowingDelay {
  const { free, windowSeconds, maxDelaySeconds } = limits;
  const counts = store.createLimiter(`${prefix}-count`, { points: free, durationSeconds: windowSeconds });
  const pauses = store.createLimiter(`${prefix}-pause`, { points: 1, durationSeconds: maxDelaySeconds });
  const giveBack = async (key: string) => {
    await counts.reward(key, 1, { customDuration: windowSeconds });
  };
  return {
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
