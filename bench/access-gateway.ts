// What does the gateway's access check add to an operation, warm? npm run bench -- bench/access-gateway.ts [rounds]
import { readFileSync } from 'node:fs';
import { ApolloGateway } from '@apollo/gateway';
import { type Caller, compileOperationGuard, readRuleBook, sessionOf } from '@signet/access';
import { supergraphPath } from '@signet/schema/supergraph-files';
import { createLogger } from '@signet/service';
import { getVariableValues, type OperationDefinitionNode, parse, print, validate } from 'graphql';
import { createAccessGuard, createOperationGuards } from '../gateway/src/access/access-guard.ts';
import { stripRules } from '../gateway/src/execute/strip-rules.ts';
import { percentile } from './support/measure.ts';

const rounds = Number(process.argv[2] ?? 200);
const checksPerRound = 500;

const supergraph = parse(readFileSync(supergraphPath('graph'), 'utf8'));
const logger = createLogger('bench', 'silent');
// It would report to its vendor otherwise.
process.env.APOLLO_TELEMETRY_DISABLED = 'true';
const gateway = new ApolloGateway({ supergraphSdl: print(stripRules(supergraph)), logger });
const { schema } = await gateway.load();
const rules = readRuleBook(supergraph);
const plugin = createAccessGuard({
  guards: createOperationGuards(rules),
  logger,
  dryRun: false,
  reports: { add() {} },
});

/** Fields of several types and rules: roots, orders, items, products. `copies` under aliases. */
function createOperation(copies: number) {
  const orders = Array.from(
    { length: copies },
    (_, i) => `
    o${i}: myOrders(first: $first) { edges { cursor node {
      id status placedAt total { amount currency } customer { id email }
      items { quantity product { name price { amount } stock { available @include(if: $stock) } } }
    } } pageInfo { hasNextPage } }`,
  );
  const document = parse(`query ($first: Int!, $stock: Boolean! = true) {${orders.join('')} }`);
  const faults = validate(schema, document);
  if (faults.length > 0) throw new Error(String(faults));
  return document;
}

/** Microseconds that one check takes, the median of all rounds. */
async function measure(copies: number, caller: Caller, mustPass: boolean) {
  const document = createOperation(copies);
  const operation = document.definitions[0] as OperationDefinitionNode;
  const fields = [...print(document).matchAll(/^\s+(\w+: )?\w+.*$/gm)].length;
  const context = {
    schema,
    document,
    operation,
    request: { variables: { first: 10 } },
    contextValue: { session: sessionOf(caller) },
  } as never;
  const listener = await plugin.requestDidStart?.(context);
  const check = async () => await listener?.responseForOperation?.(context);
  if (((await check()) === null) !== mustPass) throw new Error('not what was expected');
  const times: number[] = [];
  const idle: number[] = [];
  const nothing = async () => null;
  for (let round = 0; round < rounds; round++) {
    for (const [run, into] of [
      [check, times],
      [nothing, idle],
    ] as const) {
      const start = performance.now();
      for (let i = 0; i < checksPerRound; i++) await run();
      into.push(((performance.now() - start) * 1000) / checksPerRound);
    }
  }
  const variables = getVariableValues(schema, operation.variableDefinitions ?? [], { first: 10 }).coerced;
  const start = performance.now();
  compileOperationGuard(schema, rules, document, operation)(sessionOf(caller), variables ?? {});
  const compiling = (performance.now() - start) * 1000;
  return {
    fields,
    median: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    idle: percentile(idle, 0.5),
    compiling,
  };
}

for (const [copies, limit] of [
  [1, 5],
  [53, 100],
] as const) {
  const { fields, median, p99, idle, compiling } = await measure(copies, 'user', true);
  const added = median - idle;
  console.log(
    `${fields} fields: ${added.toFixed(2)} us added by a warm check (p99 of rounds ${p99.toFixed(2)}, allowed ${limit}); the first time ${compiling.toFixed(0)} us`,
  );
  if (added > limit) process.exitCode = 1;
}
const refused = await measure(53, 'support', false);
console.log(`${refused.fields} fields, refused with every path: ${refused.median.toFixed(0)} us`);
await gateway.stop();
