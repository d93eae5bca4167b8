import type { ClientNetwork } from '../throttle/client-networks.ts';

/** How much of the threads each caller has used of late. */
export type RecentUse = {
  /**
   * Measures callers at this moment: the most that any of a caller's prefixes has used, by its share. 0: nobody there has used anything.
   */
  measure(): (caller: readonly ClientNetwork[]) => number;
  add(caller: readonly ClientNetwork[]): void;
};

type Options = {
  /** Use counts half after this time. */
  halfLifeMs?: number;
  /** The prefixes that used something longest ago are forgotten first. */
  maxPrefixes?: number;
  now?: () => number;
};

export function createRecentUse(options: Options = {}): RecentUse {
  const { halfLifeMs = 300_000, maxPrefixes = 10_000, now = () => performance.now() } = options;
  const uses = new Map<string, { amount: number; at: number }>();
  const amountOf = (prefix: string, time: number) => {
    const use = uses.get(prefix);
    return use ? use.amount * 2 ** ((use.at - time) / halfLifeMs) : 0;
  };
  return {
    measure() {
      const time = now();
      return (caller) => Math.max(...caller.map(({ prefix, share }) => amountOf(prefix, time) / share));
    },
    add(caller) {
      const at = now();
      for (const { prefix } of caller) {
        const amount = amountOf(prefix, at) + 1;
        uses.delete(prefix); // Written anew at the end: the order of the map is that of the last use.
        uses.set(prefix, { amount, at });
      }
      for (const [oldest] of uses) {
        if (uses.size <= maxPrefixes) break;
        uses.delete(oldest);
      }
    },
  };
}
