import { expect, it } from 'vitest';
import { createRecentUse } from './recent-use.ts';

const of = (prefix: string, share = 1) => ({ prefix, share });

it('counts half of a use after its half-life, and a wide prefix by its share', () => {
  let now = 0;
  const use = createRecentUse({ halfLifeMs: 1000, now: () => now });
  for (let count = 0; count < 8; count++) use.add([of('narrow'), of('wide', 4)]);
  expect(use.measure()([of('narrow'), of('wide', 4)])).toBe(8);
  expect(use.measure()([of('other'), of('wide', 4)])).toBe(2);
  expect(use.measure()([of('other')])).toBe(0);
  now = 2000;
  expect(use.measure()([of('narrow')])).toBe(2);
});

it('forgets first who used something longest ago', () => {
  const use = createRecentUse({ maxPrefixes: 2, now: () => 0 });
  for (const prefix of ['a', 'b', 'a', 'c']) use.add([of(prefix)]);
  expect([use.measure()([of('a')]), use.measure()([of('b')]), use.measure()([of('c')])]).toEqual([2, 0, 1]);
});
