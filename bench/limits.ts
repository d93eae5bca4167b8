// What do the limits add to an operation, and how soon is a hostile one refused? npm run bench -- bench/limits.ts [rounds]
import { readFileSync } from 'node:fs';
import { ApolloGateway } from '@apollo/gateway';
import { readExampleOperations } from '@signet/schema/example-operations';
import { supergraphPath } from '@signet/schema/supergraph-files';
import { createLogger, loadConfig, RefusalError } from '@signet/service';
import { getIntrospectionQuery, parse, print } from 'graphql';
import { z } from 'zod';
import { limitFields } from '../gateway/src/config.ts';
import { stripRules } from '../gateway/src/execute/strip-rules.ts';
import { readCostBook } from '../gateway/src/limits/cost-book.ts';
import { assertWithinLimits } from '../gateway/src/limits/operation-limits.ts';
import { assertSourceWithinLimits } from '../gateway/src/limits/source-limits.ts';
import { percentile } from './support/measure.ts';

const rounds = Number(process.argv[2] ?? 100);
const allowedHonestUs = 200;
const allowedHostileMs = 10;

const supergraph = parse(readFileSync(supergraphPath('graph'), 'utf8'));
// It would report to its vendor otherwise.
process.env.APOLLO_TELEMETRY_DISABLED = 'true';
const gateway = new ApolloGateway({
  supergraphSdl: print(stripRules(supergraph)),
  logger: createLogger('bench', 'silent'),
});
const { schema } = await gateway.load();
const book = readCostBook(supergraph);
const limits = loadConfig(z.object(limitFields), {});

/** Text, and the document as Apollo Server parses it: the reason of a refusal, and what the limits alone took, in microseconds. */
function run(text: string, variables = {}) {
  const startedAt = performance.now();
  let added = 0;
  try {
    assertSourceWithinLimits(text, limits);
    added = performance.now() - startedAt;
    const document = parse(text);
    const operation = document.definitions.find((node) => node.kind === 'OperationDefinition');
    const parsedAt = performance.now();
    try {
      assertWithinLimits({ schema, document, operation, variables }, book, limits);
    } finally {
      added += performance.now() - parsedAt;
    }
  } catch (error) {
    if (!(error instanceof RefusalError)) return { reason: 'does not parse', addedUs: added * 1000 };
    return { reason: error.reason, addedUs: (added || performance.now() - startedAt) * 1000 };
  }
  return { reason: undefined, addedUs: added * 1000 };
}

function show(name: string, addedUs: readonly number[], outcome = 'allowed') {
  console.log(
    `${name}: ${percentile(addedUs, 0.5).toFixed(0)} us, p99 ${percentile(addedUs, 0.99).toFixed(0)} (${outcome})`,
  );
}

const honest = [
  ...readExampleOperations().map(({ name, document, variables }) => [name, document, variables] as const),
  ['full introspection', getIntrospectionQuery(), {}] as const,
];
for (const [name, text, variables] of honest) {
  // The first rounds are not compiled yet; the server's are.
  const results = Array.from({ length: rounds * 10 }, () => run(text, variables)).slice(rounds);
  show(
    name,
    results.map(({ addedUs }) => addedUs),
  );
  if (results.some(({ reason }) => reason !== undefined)) throw new Error(`${name} was refused`);
  if (
    percentile(
      results.map(({ addedUs }) => addedUs),
      0.5,
    ) > allowedHonestUs
  )
    process.exitCode = 1;
}

const bytes = 256 * 1024;
const times = (count: number, unit: string) =>
  Array.from({ length: count }, (_, index) =>
    unit.replaceAll('%', String(index)).replaceAll('&', String(index + 1)),
  ).join(' ');
const hostile: Record<string, string> = {
  '256 KB of brackets': '{a'.repeat(bytes / 2),
  '256 KB of names': `{ ${'a '.repeat(bytes / 2)} }`,
  '256 KB of comments': `${'#\n'.repeat(bytes / 2)}{ __typename }`,
  '40 KB of comments': `${'#\n'.repeat(19_000)}{ __typename }`,
  '40 KB in a block string': `{ a(b: """${'\n'.repeat(39_000)}""") }`,
  '300 aliased pages': `{ ${times(300, 'a%: products(first: 100) { totalCount }')} }`,
  '20 searches': `{ ${times(20, 'a%: products(first: 1, filter: { text: "a" }) { totalCount }')} }`,
  '20 expensive pages': `{ ${times(20, 'a%: products(first: 100) { edges { node { price { amount } } } }')} }`,
  '100 fragments, each twice the one before': `{ ...f0 } ${times(99, 'fragment f% on Query { ...f& ...f& }')} fragment f99 on Query { __typename }`,
  '1,000 fragments, each twice the one before': `{ ...f0 } ${times(1000, 'fragment f% on Query { ...f& ...f& }')}`,
  '3,900 fields': `{ ${'__typename '.repeat(3_300)} }`,
  'nested introspection': `{ __schema { types { fields { type ${'{ fields { type '.repeat(12)} { name } ${'} }'.repeat(12)} } } } }`,
};
for (const [name, text] of Object.entries(hostile)) {
  const results = Array.from({ length: rounds }, () => run(text));
  show(
    name,
    results.map(({ addedUs }) => addedUs),
    results[0]?.reason,
  );
  if (
    percentile(
      results.map(({ addedUs }) => addedUs),
      0.5,
    ) >
    allowedHostileMs * 1000
  )
    process.exitCode = 1;
}
await gateway.stop();
