// What metrics, request lines and traces cost a gateway: npm run bench -- bench/telemetry.ts [--against <checkout>]
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createTestIssuer } from '@signet/testing';
import { mintTokens, waitForAnswer, writeSetting } from './compare/compare-store.ts';
import { startLoadClient } from './compare/load-client.ts';
import { type Rounds, type Running, sampleRounds } from './compare/measure-operation.ts';
import { storeOperations } from './compare/operations.ts';
import { type PinnedProcess, readFirstLine, startPinned, stopAll } from './compare/pinned-process.ts';
import { median, type Sample } from './compare/results.ts';
import type { StoreSetting } from './compare/store-contenders.ts';
import { signetEnv } from './compare/store-contenders.ts';
import { findFreePort } from './support/start-auth.ts';

const { values } = parseArgs({
  options: {
    against: { type: 'string' },
    only: { type: 'string' },
    // Two processes of the same code differ by more than two rounds of one: V8 compiles and lays out each in its own way.
    starts: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '40' },
  },
});
/** By requests and not by time, so that processes that share a busy machine are equally warm. Short, so that some are not disturbed. */
const rounds: Rounds = {
  count: Number(values.rounds),
  seconds: 120,
  warmUpSeconds: 120,
  connections: 16,
  requests: { warmUp: 10_000, round: 500 },
};
const limits = { off: 0.005, on: 0.05 };
const here = join(import.meta.dirname, '..');
const operations = storeOperations.slice(0, 2);

/** `base`: what it is compared to. `limit`: the most that it may take more. */
type Contender = { name: string; checkout: string; env: NodeJS.ProcessEnv; base: string; limit?: number };

/** One request in a hundred, as by default. */
const sampled = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' };
const lines = { LOG_REQUESTS: 'all' };
const metrics = { METRICS_PORT: 'free' };
const usage = { FIELD_USAGE: 'yes' };
const everything = { ...lines, ...metrics, ...usage, ...sampled };

function contendersOf(checkout: string, prefix: string): Contender[] {
  const base = `${prefix}off`;
  const of = (name: string, env: NodeJS.ProcessEnv, limit?: number): Contender => ({
    name: prefix + name,
    checkout,
    env,
    base,
    ...(limit !== undefined && prefix === '' && { limit }),
  });
  return [
    of('off', {}),
    // The same once more: how far the two differ is what the machine adds.
    of('off again', {}),
    of('everything', everything, limits.on),
    of('metrics', metrics),
    of('lines', lines),
    of('usage', usage),
    of('traces', sampled, limits.on),
    of('traces of all', { OTEL_TRACES_SAMPLER: 'always_on' }),
  ];
}

const contenders = contendersOf(here, '');
if (values.against !== undefined) {
  const [off, ...others] = contendersOf(resolve(values.against), 'before: ') as [Contender, ...Contender[]];
  // The cost of having it at all, and in use.
  contenders.push({ ...off, base: 'off' }, ...others);
}
/** Student's t for 95 %, by degrees of freedom from 1. */
const t95 = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12];

const only = values.only?.split(',');
const chosen = contenders.filter(({ name }) => !only || only.includes(name));

const client = startLoadClient();
const collector = createServer((request, response) => void request.resume().on('end', () => response.end()));
await once(collector.listen(0, '127.0.0.1'), 'listening');
const collectorUrl = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
const folder = mkdtempSync(join(tmpdir(), 'signet-bench-'));
const samples = new Map(operations.map(({ name }) => [name, new Map<string, Sample[][]>()]));
try {
  const store = startPinned([process.execPath, join(here, 'bench/compare/store/store-process.ts')], {
    core: 'other',
    stdout: 'pipe',
  });
  const ports = JSON.parse(await readFirstLine(store)) as Record<string, number>;
  const issuer = await createTestIssuer();
  const setting = await writeSetting(folder, ports, issuer);
  const tokens = await mintTokens(issuer);
  for (let start = 0; start < Number(values.starts); start += 1) {
    const stops: (() => unknown)[] = [];
    const running: Running[] = [];
    try {
      // Each is first, second and last equally often.
      const order = chosen.map((_, at) => chosen[(at + start) % chosen.length] as Contender);
      for (const contender of order) running.push(await open(contender, setting, tokens, stops));
      for (const operation of operations) {
        const found = await sampleRounds(operation, running, { tokens, client, rounds });
        const byName = samples.get(operation.name);
        for (const [name, own] of found) byName?.set(name, [...(byName.get(name) ?? []), [...own]]);
        const described = [...found].map(([name, own]) => `${name} ${undisturbed(own).toFixed(1)}`);
        console.log(`start ${start + 1}, ${operation.name}: ${described.join(', ')} µs`);
      }
    } finally {
      for (const stop of stops) await stop();
    }
  }
  await issuer.close();
  process.exitCode = report() ? 0 : 1;
} finally {
  collector.closeAllConnections();
  collector.close();
  await client.stop();
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
}

async function open(
  { name, checkout, env }: Contender,
  setting: Omit<StoreSetting, 'port'>,
  tokens: readonly string[],
  stops: (() => unknown)[],
): Promise<Running> {
  const port = await findFreePort();
  const metricsPort = env.METRICS_PORT && (await findFreePort());
  const started: PinnedProcess = startPinned([process.execPath, join(checkout, 'gateway/main.mjs')], {
    core: 'measured',
    env: {
      ...signetEnv({ ...setting, port }),
      // As it is deployed: with access rules, and a signature for each fetch.
      SUPERGRAPH_FILE: setting.guardedSupergraphFile,
      ACCESS: 'on',
      PROOF: 'on',
      GRAPH_PROOF_KEY_FILE: setting.proof.keyFile,
      PROOF_PEERS_FILE: setting.proof.peersFile,
      LOG_REQUESTS: 'none',
      FIELD_USAGE: 'no',
      ...env,
      ...(env.OTEL_TRACES_SAMPLER && { OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl }),
      ...(metricsPort && { METRICS_PORT: String(metricsPort) }),
    },
    stdout: openSync(join(folder, `${name.replaceAll(/\W/g, '-')}.log`), 'w'),
  });
  stops.push(started.stop);
  const ready = { name, port, path: '/graphql', pids: [started.pid] };
  await waitForAnswer(ready, tokens[0] ?? '');
  if (metricsPort) {
    const scraping = setInterval(() => void scrape(metricsPort), 1000);
    stops.push(() => clearInterval(scraping));
  }
  return ready;
}

/** @returns whether all are within their limits. */
function report(): boolean {
  let isWithin = true;
  for (const operation of operations) {
    const byName = samples.get(operation.name) as Map<string, Sample[][]>;
    console.log(`\n${operation.query}`);
    for (const { name, base, limit } of chosen) {
      const own = byName.get(name) ?? [];
      const cost = compare(own, byName.get(base) ?? []);
      const rps = median(own.flat().map((one) => one.rps));
      const cpu = median(own.map(undisturbed));
      console.log(
        `  ${name.padEnd(22)} ${rps.toFixed(0).padStart(6)} requests/s  ${cpu.toFixed(1).padStart(6)} µs CPU  ${percent(cost.mean)} (${percent(cost.mean - cost.margin)} to ${percent(cost.mean + cost.margin)})`,
      );
      if (limit !== undefined && cost.mean > limit) isWithin = false;
    }
  }
  return isWithin;
}

/**
 * CPU a request beyond that of `base`: the mean over the starts, and how far it may be off (95 %).
 */
function compare(own: readonly Sample[][], base: readonly Sample[][]): { mean: number; margin: number } {
  const shares = own.map((samples, start) => undisturbed(samples) / undisturbed(base[start] ?? []) - 1);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (shares.length - 1);
  return { mean, margin: (t95[shares.length - 2] ?? 2) * Math.sqrt(variance / shares.length) };
}

/** CPU a request in a round that others disturbed little: their work costs a round its caches, up to as much as the requests take. */
function undisturbed(samples: readonly Sample[]): number {
  const sorted = samples.map(({ cpuUs }) => cpuUs).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 5)] ?? Number.NaN;
}

function percent(share: number): string {
  return `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;
}

async function scrape(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
  await response?.text();
}
