// Random operations on random federated graphs, held against graphql-js: npm run fuzz -- --seconds 60
import { parseArgs } from 'node:util';
import { apolloRunner } from './apollo-runner.ts';
import { type Found, fuzz } from './fuzz.ts';
import { usualShares } from './generate-operation.ts';
import { describeFinding, kindOf } from './report.ts';
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
    seconds: { type: 'string' },
    /** Ends after so many runs of operations. */
    cases: { type: 'string' },
    worlds: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    executor: { type: 'string', default: 'signet' },
    /** `none`, `fields` and `answers`, with commas: what goes wrong. */
    kinds: { type: 'string' },
    /** The shares of mutations among operations, and of selections under a condition: 0 to 1. */
    mutations: { type: 'string', default: String(usualShares.mutations) },
    conditions: { type: 'string', default: String(usualShares.conditions) },
    'shrink-seconds': { type: 'string', default: '20' },
  },
});
const runner = runners[values.executor];
if (!runner) {
  console.error(`There is no executor ${values.executor}: ${Object.keys(runners).join(', ')}.`);
  process.exit(2);
}
// First: a run that is ended, or dies, prints no more.
console.log(`seed ${values.seed}`);
const isBounded = values.cases !== undefined || values.worlds !== 'Infinity';
const kinds = new Map<string, { count: number; first: Found }>();

const count = await fuzz({
  runner,
  seed: Number(values.seed),
  seconds: Number(values.seconds ?? (isBounded ? Infinity : 60)),
  worlds: Number(values.worlds),
  cases: Number(values.cases ?? Infinity),
  kinds: values.kinds?.split(',') as never,
  shares: { mutations: Number(values.mutations), conditions: Number(values.conditions) },
  onFound(found) {
    const kind = `${found.tried.faults.kind}: ${kindOf(found)}`;
    const known = kinds.get(kind);
    kinds.set(kind, { count: (known?.count ?? 0) + 1, first: known?.first ?? found });
  },
});
const aMinute = (number: number) => Math.round((number / count.seconds) * 60);
console.log(
  `${count.runs} runs of ${count.operations} operations on ${count.worlds} supergraphs in ${count.seconds.toFixed(1)} s`,
);
console.log(
  `a minute: ${aMinute(count.worlds)} supergraphs, ${aMinute(count.operations)} operations, ${aMinute(count.runs)} runs; left out: ` +
    `${count.uncomposed} supergraphs that do not compose, ${count.invalid} invalid operations`,
);
for (const [name, times] of count.known) console.log(`known: ${times} × ${name}`);
for (const [kind, { count: times, first }] of kinds) {
  console.log(`\n=== ${times} × ${kind}`);
  const { lab, tried } = first;
  const shrunk = await shrink({ lab, tried, finding: first }, runner, {
    seconds: Number(values['shrink-seconds']),
  });
  console.log(describeFinding(shrunk, first.seed));
}
console.log(kinds.size === 0 ? 'no difference' : `${kinds.size} kinds of difference`);
process.exitCode = kinds.size > 0 ? 1 : 0;
