import { expect, it, vi } from 'vitest';
import { countWhenAsked, toTotalCount, totalCountResolvers } from './total-count.ts';

it.each([
  [0, 0, true],
  [10_000, 10_000, true],
  [10_001, 10_000, false],
])('%i rows are told as %i, exact: %s', (found, totalCount, totalCountIsExact) => {
  expect(toTotalCount(found)).toEqual({ totalCount, totalCountIsExact });
});

it('counts when a field asks, and once for both', async () => {
  const countRows = vi.fn(async () => toTotalCount(7));
  const connection = countWhenAsked(countRows);
  expect(countRows).not.toHaveBeenCalled();
  const { totalCount, totalCountIsExact } = totalCountResolvers;
  expect(await Promise.all([totalCount(connection), totalCountIsExact(connection)])).toEqual([7, true]);
  expect(countRows).toHaveBeenCalledTimes(1);
});
