export type FairQueue<T> = {
  readonly length: number;
  /** Adds an item to its caller's line. Returns the item that has no room: this one, or the newest of a longer line. */
  push(caller: string, item: T): T | undefined;
  /** The next item, among the callers for whom `mayHave` is true. Default: all callers. */
  take(mayHave?: (caller: string) => boolean): { caller: string; item: T } | undefined;
  remove(caller: string, item: T): void;
};

/**
 * A bounded queue in which callers take turns, however many items each of them has waiting. When the queue is full, the caller
 * with the longest line loses its newest item: one caller can't keep the others out.
 */
export function createFairQueue<T>(maxLength: number): FairQueue<T> {
  /** By caller, in the order of turns. No line is empty. */
  const lines = new Map<string, T[]>();
  let length = 0;
  const drop = (caller: string, line: T[], index: number) => {
    const [item] = line.splice(index, 1);
    length -= 1;
    if (line.length === 0) lines.delete(caller);
    return item;
  };
  return {
    get length() {
      return length;
    },
    push(caller, item) {
      const own = lines.get(caller) ?? [];
      own.push(item);
      lines.set(caller, own);
      length += 1;
      if (length <= maxLength) {
        return undefined;
      }
      let longest: [string, T[]] = [caller, own];
      for (const entry of lines) {
        if (entry[1].length > longest[1].length) longest = entry;
      }
      return drop(longest[0], longest[1], longest[1].length - 1);
    },
    take(mayHave = () => true) {
      for (const [caller, line] of lines) {
        if (mayHave(caller)) {
          const item = drop(caller, line, 0) as T;
          // The caller's next item comes after one of each other caller.
          if (lines.delete(caller)) lines.set(caller, line);
          return { caller, item };
        }
      }
      return undefined;
    },
    remove(caller, item) {
      const line = lines.get(caller);
      const index = line?.indexOf(item) ?? -1;
      if (line && index >= 0) drop(caller, line, index);
    },
  };
}
