import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { subgraphs } from '@signet/schema/subgraphs';
import { compareShop, plainStackName, shopName } from './compare-shop.ts';
import { compareStore } from './compare-store.ts';
import { installPeers } from './install-peers.ts';
import { startLoadClient } from './load-client.ts';
import type { Rounds } from './measure-operation.ts';
import { stopAll } from './pinned-process.ts';
import type { Results } from './results.ts';
import { plotResults } from './results-plot.ts';
import { describeMachine, formatTables } from './results-text.ts';
import { stockName, storeContenders } from './store-contenders.ts';

const usual: Rounds = { count: 3, seconds: 4, warmUpSeconds: 8, connections: 32 };
const quick: Rounds = { count: 1, seconds: 2.5, warmUpSeconds: 1.5, connections: 32 };
/** What stands behind the gateway is the bottleneck here: more connections would only wait. */
const shopConnections = 16;
/** A page runs more code than an operation of the store, and less often: before this, V8 has not compiled all of it. */
const shopWarmUps = 3;

/** False after `signet remove-shop`. */
const isThereAShop = subgraphs.some(({ isDemo }) => isDemo);

const resultsFile = join(import.meta.dirname, '../RESULTS.md');
const plotFile = join(import.meta.dirname, '../results.svg');

/**
 * `--quick`: one short round, and nothing is written. `--json`: prints the figures as JSON and nothing else. Without either, prints
 * tables and writes bench/RESULTS.md and bench/results.svg.
 */
export async function compareAll(words: string[]): Promise<void> {
  const { values } = parseArgs({
    args: words,
    options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  const say = (line: string) => {
    if (!values.json) console.log(line);
  };
  const rounds = values.quick ? quick : usual;
  const shopRounds = {
    ...rounds,
    connections: shopConnections,
    warmUpSeconds: shopWarmUps * rounds.warmUpSeconds,
  };
  const end = (signal: NodeJS.Signals) =>
    void stopAll().then(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  process.once('SIGINT', end).once('SIGTERM', end);
  installPeers(say);
  const machine = describeMachine();
  say(machine);
  const client = startLoadClient();
  try {
    const store = await compareStore({ client, rounds, say });
    const shop = isThereAShop ? await compareShop({ client, rounds: shopRounds, say }) : {};
    if (values.json) return console.log(JSON.stringify(toJson({ ...store, ...shop }), null, 2));
    const text = describeResults(machine, rounds, store, shop);
    say(`\n${text}`);
    if (!values.quick) {
      writeFileSync(resultsFile, text + readOtherResults());
      writeFileSync(plotFile, plotResults({ ...store, ...shop }));
    }
  } finally {
    await stopAll();
  }
}

/** What single benchmarks measured, which stands behind the tables of this one and is written by hand. */
function readOtherResults(): string {
  const [, ...others] = readFileSync(resultsFile, 'utf8').split(/^(?=## Mail$)/m);
  return others.length > 0 ? `\n${others.join('')}` : '';
}

function toJson(results: Results) {
  return Object.fromEntries(
    Object.entries(results).map(([operation, measured]) => [
      operation,
      Object.fromEntries(
        Object.entries(measured).map(([name, { rps, p99Ms, cpuUs, ratio }]) => [
          name,
          { rps, p99Ms, cpuUs, ratio },
        ]),
      ),
    ]),
  );
}

const shopChecks: Readonly<Record<string, string>> = {
  [plainStackName]: 'token, in the gateway and each subgraph',
  [shopName]: 'token, limits, access rules, proof, rows by tenant',
};

function describeResults(machine: string, rounds: Rounds, store: Results, shop: Results): string {
  const checks = (name: string) => storeContenders.find((contender) => contender.name === name)?.checks ?? '';
  return `# Results

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}. ${machine}.

Medians of ${rounds.count} rounds of ${rounds.seconds} s after ${rounds.warmUpSeconds} s (below: ${shopWarmUps * rounds.warmUpSeconds} s) of load that is not counted, the contenders one after the other in each round. × is the requests a second
to those of \`${stockName}\` (below: of the ${plainStackName}) in the same round. CPU is that of the contender's own processes for a
request. All gave the same answers before they were measured, and every answer under load was compared with the first.

## The gateway alone

Four subgraphs that answer from memory, 500 users' EdDSA tokens in turn, ${rounds.connections} connections. i: one field of one subgraph; ii: a list and a
field from another subgraph, 2.3 KB; iii: the query of The Guild's public benchmark.

${formatTables(store, checks)}

## From the client to PostgreSQL

The demo shop with its development seed, ten customers' tokens in turn, ${shopConnections} connections, all processes on the same cores as the load. The plain stack is
\`${stockName}\` before three subgraphs with Apollo Server, kysely and DataLoader on the same tables. CPU is that of gateway and subgraphs
together, without PostgreSQL's.

${formatTables(shop, (name) => shopChecks[name] ?? '')}
`;
}
