import { expect, test } from 'vitest';
import { type Found, fuzz } from './fuzz.ts';
import { describeFinding } from './report.ts';
import { createSignetRunner } from './signet-runner.ts';

/** The same cases each time. `npm run fuzz` tries others. */
test.each([
  ['merged', true, 1],
  ['unmerged', false, 40],
])(
  'random operations on random supergraphs have the answers of graphql-js, fetches %s',
  async (_, isMerged, seed) => {
    const found: Found[] = [];
    const runner = createSignetRunner({ isMerged });
    const count = await fuzz({
      runner,
      seed,
      cases: 400,
      operationsPerWorld: 15,
      onFound: (finding) => found.push(finding),
    });
    expect(
      found
        .slice(0, 3)
        .map(({ lab, tried, seed, ...finding }) => describeFinding({ lab, tried, finding }, seed)),
    ).toEqual([]);
    expect(count.runs).toBe(400);
    expect(count.worlds).toBeGreaterThan(3);
  },
);
