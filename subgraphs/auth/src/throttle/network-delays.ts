import type { ClientNetwork } from './client-networks.ts';
import { createGrowingDelay, type DelayLimits, type GrowingDelay } from './growing-delay.ts';
import type { ThrottleRows, ThrottleStore } from './throttle-store.ts';

/** A client's prefixes as keys of one counter, narrowest first. */
export type NetworkKeys = readonly { key: string; share: number }[];

/** Counts a client under each of its prefixes; the wider ones may do more, by their share. */
export type NetworkDelays = {
  /** As `GrowingDelay.take`: the pause of the narrowest prefix that has one. Then none of them counts the attempt. */
  take(keys: NetworkKeys): Promise<number>;
  giveBack(keys: NetworkKeys): Promise<void>;
  /** Forgets the narrowest prefix, and takes the attempt back from the others, which may be other people's. */
  forget(keys: NetworkKeys): Promise<void>;
  waitOf(rows: ThrottleRows, keys: NetworkKeys): number;
  /**
   * How many attempts an address has that has used as much of its share as the fullest of the prefixes, with `more` attempts than the
   * rows count.
   */
  countOf(rows: ThrottleRows, keys: NetworkKeys, more?: number): number;
  countRows(keys: NetworkKeys): string[];
  /**
   * The rows that count who asks in a pause, by rows that were read. Beyond a full prefix the wider ones count nothing, as in `take`: they
   * are other people's too, and asking costs nothing.
   */
  askingRows(rows: ThrottleRows, keys: NetworkKeys): string[];
  pauseRows(keys: NetworkKeys): string[];
};

export function createNetworkDelays(store: ThrottleStore, name: string, limits: DelayLimits): NetworkDelays {
  const delays = new Map<ClientNetwork['share'], GrowingDelay>();
  const delayOf = (share: number) => {
    const known = delays.get(share);
    if (known) return known;
    const prefix = share === 1 ? name : `${name}-of-${share}`;
    const delay = createGrowingDelay(store, prefix, { ...limits, free: limits.free * share });
    delays.set(share, delay);
    return delay;
  };
  const giveBack = async (keys: NetworkKeys) => {
    await Promise.all(keys.map(({ key, share }) => delayOf(share).giveBack(key)));
  };
  return {
    async take(keys) {
      for (const [index, { key, share }] of keys.entries()) {
        const wait = await delayOf(share).take(key);
        if (wait > 0) {
          await giveBack(keys.slice(0, index));
          return wait;
        }
      }
      return 0;
    },
    giveBack,
    async forget([own, ...others]) {
      await Promise.all([own && delayOf(own.share).forget(own.key), giveBack(others)]);
    },
    waitOf: (rows, keys) => Math.max(...keys.map(({ key, share }) => delayOf(share).waitOf(rows, key))),
    countOf: (rows, keys, more = 0) =>
      Math.max(
        ...keys.map(({ key, share }) =>
          Math.ceil(((rows.get(delayOf(share).countRow(key))?.points ?? 0) + more) / share),
        ),
      ),
    askingRows(rows, keys) {
      const full = keys.findIndex(({ key, share }) => delayOf(share).isFull(rows, key));
      return this.countRows(full < 0 ? keys : keys.slice(0, full + 1));
    },
    countRows: (keys) => keys.map(({ key, share }) => delayOf(share).countRow(key)),
    pauseRows: (keys) => keys.map(({ key, share }) => delayOf(share).pauseRow(key)),
  };
}
