import { setTimeout as sleep } from 'node:timers/promises';

/** How long the latest compares took, waiting included, for an answer that must not be told from one of them. */
export type RecentDurations = {
  add(milliseconds: number): void;
  /** Waits as long as one of them took. False when there is none yet. */
  waitLikeOne(): Promise<boolean>;
};

const kept = 32;

export function createRecentDurations(): RecentDurations {
  const durations: number[] = [];
  return {
    add(milliseconds) {
      durations.push(milliseconds);
      if (durations.length > kept) durations.shift();
    },
    async waitLikeOne() {
      const duration = durations[Math.floor(Math.random() * durations.length)];
      if (duration === undefined) return false;
      await sleep(duration);
      return true;
    },
  };
}
