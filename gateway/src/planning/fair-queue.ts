export type FairQueue<T> = {
  readonly length: number;
  /**
   * Puts an item at the end of its caller's line. Returns the item that has no room: this one, or one from a longer
   * line.
   */
  push(caller: string, item: T): T | undefined;
  /** Takes the first item of the caller whose turn it is, among the callers that may have one. */
  take(mayHave: (caller: string) => boolean): { caller: string; item: T } | undefined;
  remove(caller: string, item: T): void;
};

/**
 * A bounded queue in which callers take turns, however many items each of them has waiting. When it is full, the caller
 * with the longest line loses its newest item, so that one caller cannot keep the others out.
 */
export function createFairQueue<T>(maxLength: number): FairQueue<T> {
  /** Lines by caller, in the order of their turns. */
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
    take(mayHave) {
      for (const [caller, line] of lines) {
        if (mayHave(caller)) {
          const item = drop(caller, line, 0) as T;
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
