import { expect, test } from 'vitest';
import { median, summarize } from './results.ts';
import { plotResults } from './results-plot.ts';

const sample = (rps: number, cpuUs = 1) => ({ rps, p99Ms: 1, cpuUs, residentMb: 1 });

test('compares each round with the same round of the base', () => {
  const rounds = new Map([
    ['base', [sample(100), sample(10), sample(50)]],
    ['other', [sample(200, 3), sample(40, 9), sample(150, 4)]],
  ]);
  const { base, other } = summarize(rounds, 'base');
  expect(base?.ratio).toBe(1);
  // 2, 4 and 3 times, though the median of all is 150 to 50.
  expect(other).toMatchObject({ ratio: 3, rps: 150, cpuUs: 4 });
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1], 2.5],
  [[], Number.NaN],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

test('draws a bar for each contender, the fastest first', () => {
  const measured = { ...sample(10), ratio: 1 };
  const svg = plotResults({ i: { 'a <slow> one': measured, Signet: { ...measured, rps: 20, ratio: 2 } } });
  expect(
    [...svg.matchAll(/<rect class="(\w+)" [^>]*width="([\d.]+)"/g)].map(([, kind, width]) => [
      kind,
      Number(width),
    ]),
  ).toEqual([
    ['ours', 400],
    ['other', 200],
  ]);
  expect(svg).toContain('a &lt;slow> one');
});
