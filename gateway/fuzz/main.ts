// Random operations on random federated graphs, held against graphql-js: npm run fuzz -- --seconds 60
import { parseArgs } from 'node:util';
import { apolloRunner } from './apollo-runner.ts';
import { type Found, fuzz } from './fuzz.ts';
import { describeFinding } from './report.ts';
import type { Runner } from './runner.ts';
import { shrink } from './shrink.ts';
import { createSignetRunner } from './signet-runner.ts';

const runners: Record<string, Runner> = {
  signet: createSignetRunner({ isMerged: true }),
  unmerged: createSignetRunner({ isMerged: false }),
  apollo: apolloRunner,
};

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    worlds: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    executor: { type: 'string', default: 'signet' },
    kinds: { type: 'string' },
    /** Goes on after a difference, and counts each kind. */
    all: { type: 'boolean', default: false },
    'shrink-seconds': { type: 'string', default: '30' },
  },
});
const runner = runners[values.executor];
if (!runner) {
  console.error(`There is no executor ${values.executor}: ${Object.keys(runners).join(', ')}.`);
  process.exit(2);
}
const kinds = new Map<string, { count: number; first: Found }>();
const kindOf = ({ difference, tried }: Found) =>
  `${tried.faults.kind}: ${difference
    .replace(/'[^']*'/g, "'…'")
    .replace(/\d+/g, 'n')
    .slice(0, 120)}`;

const count = await fuzz({
  runner,
  seed: Number(values.seed),
  seconds: Number(values.seconds),
  worlds: Number(values.worlds),
  kinds: values.kinds?.split(',') as never,
  onFound(found) {
    const kind = kindOf(found);
    const known = kinds.get(kind);
    kinds.set(kind, { count: (known?.count ?? 0) + 1, first: known?.first ?? found });
    return values.all;
  },
});
console.log(
  `seed ${values.seed}: ${count.runs} runs of ${count.operations} operations on ${count.worlds} supergraphs in ${count.seconds.toFixed(1)} s ` +
    `(${Math.round((count.runs / count.seconds) * 60)} a minute; ${count.uncomposed} did not compose, ${count.invalid} operations were invalid)`,
);
for (const [kind, { count: times, first }] of kinds) {
  console.log(`\n=== ${times} × ${kind}`);
  const shrunk = await shrink({ lab: first.lab, tried: first.tried, finding: first }, runner, {
    seconds: Number(values['shrink-seconds']),
  });
  console.log(describeFinding(shrunk, first.seed));
}
process.exitCode = kinds.size > 0 ? 1 : 0;
