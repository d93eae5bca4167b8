/** How far rows are counted: a million take longer than the page beside them, and "over 10,000" says as much. */
export const maxTotalCount = 10_000;

/** The fields of a connection that count. */
export type TotalCount = { totalCount: number; totalCountIsExact: boolean };

/** `found`: how many rows were counted. A query counts at most `maxTotalCount + 1`. */
export function toTotalCount(found: number): TotalCount {
  return { totalCount: Math.min(found, maxTotalCount), totalCountIsExact: found <= maxTotalCount };
}

/** A connection that counts only where a field asks for it, once for all of them. */
export type Counted = { count(): Promise<TotalCount> };

export function countWhenAsked(countRows: () => Promise<TotalCount>): Counted {
  let counted: Promise<TotalCount> | undefined;
  return {
    count() {
      counted ??= countRows();
      return counted;
    },
  };
}

/** The resolvers of both fields. */
export const totalCountResolvers = {
  totalCount: async (connection: Counted) => (await connection.count()).totalCount,
  totalCountIsExact: async (connection: Counted) => (await connection.count()).totalCountIsExact,
};
