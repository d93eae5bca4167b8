import { createSegmentedCache } from '../planning/segmented-cache.ts';

export type PersistedQueryCacheOptions = {
  maxBytes?: number;
  /** A text that nobody asked for in this time is not given any more: its literals may be somebody's data. */
  idleMs?: number;
  /** Milliseconds of a clock that nobody sets. */
  now?: () => number;
};

/** What Apollo Server asks of a cache of automatic persisted queries. */
export type PersistedQueryCache = {
  get(key: string): Promise<string | undefined>;
  set(key: string, text: string): Promise<void>;
  delete(key: string): Promise<boolean>;
};

const defaultMaxBytes = 8 * 2 ** 20;
const defaultIdleMs = 24 * 60 * 60 * 1000;
/** Of an entry beside its text: key, objects, places in the map. It bounds the number of entries, too. */
const bytesPerEntry = 400;
const bytesPerCharacter = 2;

/**
 * Texts by their hash. Anybody may store one, once it was valid and within the limits; so what was stored and not asked for
 * again drives out only its like. Whoever loses a text sends it once more: Apollo Client does so by itself.
 */
export function createPersistedQueryCache(options: PersistedQueryCacheOptions = {}): PersistedQueryCache {
  const { maxBytes = defaultMaxBytes, idleMs = defaultIdleMs, now = () => performance.now() } = options;
  const texts = createSegmentedCache<{ text: string; usedAt: number }>({ maxSize: maxBytes });
  return {
    async get(key) {
      const known = texts.get(key);
      if (!known || now() - known.usedAt >= idleMs) {
        return undefined;
      }
      known.usedAt = now();
      return known.text;
    },
    async set(key, text) {
      texts.set(key, { text, usedAt: now() }, bytesPerEntry + bytesPerCharacter * text.length);
    },
    // Apollo Server never asks for it: a text stays true to its hash.
    delete: async () => false,
  };
}
