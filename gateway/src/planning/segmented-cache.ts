import { LRUCache } from 'lru-cache';

type Entry<V> = { value: V; size: number };

export type SegmentedCacheOptions<V> = {
  maxSize: number;
  /** The share of `maxSize` for values that were used once. The rest is for values that were used again. */
  probationShare?: number;
  /** Called for each value that has left the cache, or was too large to enter it. */
  onDrop?(key: string, value: V): void;
};

export type SegmentedCache<V> = {
  get(key: string): V | undefined;
  /** Adds or replaces a value. A value that is larger than the probation segment is not kept. */
  set(key: string, value: V, size: number): void;
  readonly size: number;
};

/**
 * A segmented LRU cache (Karedla, Love and Wherry 1994): a new value is on probation, and protected once it is used
 * again. Values that are used only once push each other out, however many come. One LRU cache alone would let
 * them push out everything else.
 */
export function createSegmentedCache<V>({
  maxSize,
  probationShare = 0.2,
  onDrop,
}: SegmentedCacheOptions<V>): SegmentedCache<V> {
  const probation = createSegment<V>(maxSize * probationShare);
  const kept = createSegment<V>(maxSize - maxSize * probationShare);
  const tryOut = (key: string, entry: Entry<V>) => {
    for (const [droppedKey, dropped] of probation.set(key, entry)) onDrop?.(droppedKey, dropped.value);
  };
  // Values that are pushed out of the protected segment get a second probation.
  const protect = (key: string, entry: Entry<V>) => {
    for (const [evictedKey, evicted] of kept.set(key, entry)) tryOut(evictedKey, evicted);
  };
  return {
    get(key) {
      const known = kept.touch(key);
      if (known) {
        return known.value;
      }
      const entry = probation.delete(key);
      if (!entry) {
        return undefined;
      }
      protect(key, entry);
      return entry.value;
    },
    set(key, value, size) {
      if (kept.delete(key)) protect(key, { value, size });
      else tryOut(key, { value, size });
    },
    get size() {
      return probation.size + kept.size;
    },
  };
}

/** The least recently used value goes first. lru-cache keeps the order in arrays: a Map in that order would make a new table every few uses. */
function createSegment<V>(maxSize: number) {
  let evicted: [string, Entry<V>][] = [];
  const entries = new LRUCache<string, Entry<V>>({
    maxSize: Math.floor(maxSize),
    sizeCalculation: ({ size }) => Math.max(1, Math.ceil(size)),
    dispose(entry, key, reason) {
      if (reason === 'evict') evicted.push([key, entry]);
    },
  });
  return {
    get size() {
      return entries.calculatedSize;
    },
    delete(key: string) {
      const entry = entries.peek(key);
      entries.delete(key);
      return entry;
    },
    touch: (key: string) => entries.get(key),
    /**
     * Returns the values that were pushed out, the least recently used first, or the entry itself when it is too large.
     */
    set(key: string, entry: Entry<V>): [string, Entry<V>][] {
      if (entry.size > maxSize) {
        entries.delete(key);
        return [[key, entry]];
      }
      evicted = [];
      entries.set(key, entry);
      return evicted;
    },
  };
}
