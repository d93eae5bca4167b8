type Entry<V> = { value: V; size: number; expiresAt: number };

export type ExpiringMap<V> = {
  get(key: string): V | undefined;
  set(key: string, value: V, size: number): void;
};

/** Remembers for a time what need not be found out again, the oldest giving way beyond `maxSize`. */
export function createExpiringMap<V>({
  ttlMs,
  maxSize,
  now = () => performance.now(),
}: {
  ttlMs: number;
  maxSize: number;
  now?: () => number;
}): ExpiringMap<V> {
  /** All live equally long: the first is the first to expire. */
  const entries = new Map<string, Entry<V>>();
  let size = 0;
  const remove = (key: string) => {
    size -= entries.get(key)?.size ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      return entry && entry.expiresAt > now() ? entry.value : undefined;
    },
    set(key, value, entrySize) {
      remove(key);
      if (entrySize > maxSize) {
        return;
      }
      entries.set(key, { value, size: entrySize, expiresAt: now() + ttlMs });
      size += entrySize;
      for (const [oldKey, { expiresAt }] of entries) {
        if (size <= maxSize && expiresAt > now()) break;
        remove(oldKey);
      }
    },
  };
}
