import { expect, test } from 'vitest';
import { shortestOfThree } from './shortest-of-three.ts';

test.each([
  ['the first that is within the limit', [90, 10], 90, 1],
  ['a later one, where only some are too long', [300, 90, 10], 90, 2],
  ['the shortest of three, where each is too long', [300, 200, 250, 10], 200, 3],
])('is %s', async (_title, times, shortest, tries) => {
  const left = [...times];
  expect(await shortestOfThree(100, async () => left.shift() as number)).toBe(shortest);
  expect(times.length - left.length).toBe(tries);
});
