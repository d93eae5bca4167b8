/** A bounded buffer that callers share. */
export type FairBuffer<T> = {
  /**
   * Keeps an item. Where there is no room, what is dropped is the newest item of the caller who has most in it: a flood drops its own.
   *
   * @returns what was dropped
   */
  add(caller: string, item: T): T | undefined;
  /** Takes up to `most` items, one of each caller in turn, the oldest first. */
  take(most: number): T[];
  readonly size: number;
};

export function createFairBuffer<T>(maxSize: number): FairBuffer<T> {
  const byCaller = new Map<string, T[]>();
  let size = 0;
  /** The caller with most items: only looked for where the buffer is full. */
  const findLargest = () => {
    let largest: T[] = [];
    for (const items of byCaller.values()) if (items.length > largest.length) largest = items;
    return largest;
  };
  return {
    add(caller, item) {
      const own = byCaller.get(caller);
      let dropped: T | undefined;
      if (size >= maxSize) {
        const largest = findLargest();
        if (largest.length <= (own?.length ?? 0) + 1) return item;
        dropped = largest.pop();
        size -= 1;
      }
      if (own) own.push(item);
      else byCaller.set(caller, [item]);
      size += 1;
      return dropped;
    },
    take(most) {
      const taken: T[] = [];
      while (taken.length < most && byCaller.size > 0) {
        for (const [caller, items] of byCaller) {
          if (taken.length >= most) break;
          const item = items.shift();
          if (item !== undefined) taken.push(item);
          if (items.length === 0) byCaller.delete(caller);
        }
      }
      size -= taken.length;
      return taken;
    },
    get size() {
      return size;
    },
  };
}
