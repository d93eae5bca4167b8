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
import { readFirstLine, startPinned, stopAll } from './compare/pinned-process.ts';
import { median, type Sample } from './compare/results.ts';
import { signetEnv } from './compare/store-contenders.ts';
import { findFreePort } from './support/start-auth.ts';

const { values } = parseArgs({
  options: { against: { type: 'string' }, rounds: { type: 'string', default: '25' } },
});
const rounds: Rounds = { count: Number(values.rounds), seconds: 1, warmUpSeconds: 3, connections: 16 };
const limits = { off: 0.005, on: 0.05 };
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'signet-bench-'));

/** The first is what the others are compared to. The second is the same once more: how far the two differ is what the machine adds. */
type Contender = { name: string; checkout: string; isOn: boolean; sampler?: string };
const contenders: readonly Contender[] = [
  { name: 'off', checkout: root, isOn: false },
  { name: 'off again', checkout: root, isOn: false },
  { name: 'on', checkout: root, isOn: true },
  // One request in a hundred, and every one.
  { name: 'traces', checkout: root, isOn: false, sampler: 'parentbased_traceidratio' },
  { name: 'traces all', checkout: root, isOn: false, sampler: 'always_on' },
  ...(values.against === undefined
    ? []
    : [{ name: 'against', checkout: resolve(values.against), isOn: false }]),
];

const client = startLoadClient();
const collector = createServer((request, response) => void request.resume().on('end', () => response.end()));
await once(collector.listen(0, '127.0.0.1'), 'listening');
const collectorUrl = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
let scraping: NodeJS.Timeout | undefined;
try {
  const store = startPinned([process.execPath, join(root, 'bench/compare/store/store-process.ts')], {
    core: 'other',
    stdout: 'pipe',
  });
  const ports = JSON.parse(await readFirstLine(store)) as Record<string, number>;
  const issuer = await createTestIssuer();
  const setting = await writeSetting(folder, ports, issuer);
  const tokens = await mintTokens(issuer);
  const running: Running[] = [];
  for (const { name, checkout, isOn, sampler } of contenders) {
    const [port, metricsPort] = [await findFreePort(), await findFreePort()];
    const started = startPinned([process.execPath, join(checkout, 'gateway/main.mjs')], {
      core: 'measured',
      env: {
        ...signetEnv({ ...setting, port }),
        // As it is deployed: with access rules, and a signature for each fetch.
        SUPERGRAPH_FILE: setting.guardedSupergraphFile,
        ACCESS: 'on',
        PROOF: 'on',
        GRAPH_PROOF_KEY_FILE: setting.proof.keyFile,
        PROOF_PEERS_FILE: setting.proof.peersFile,
        LOG_REQUESTS: isOn ? 'all' : 'none',
        FIELD_USAGE: isOn ? 'yes' : 'no',
        ...(sampler && { OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl, OTEL_TRACES_SAMPLER: sampler }),
        ...(isOn && { METRICS_PORT: String(metricsPort) }),
      },
      stdout: openSync(join(folder, `${name.replaceAll(' ', '-')}.log`), 'w'),
    });
    const ready = { name, port, path: '/graphql', pids: [started.pid] };
    await waitForAnswer(ready, tokens[0] ?? '');
    running.push(ready);
    if (isOn) scraping = setInterval(() => void scrape(metricsPort), 1000);
  }
  let isMissed = false;
  for (const operation of storeOperations.slice(0, 2)) {
    const samples = await sampleRounds(operation, running, { tokens, client, rounds });
    const off = samples.get('off') ?? [];
    console.log(`\n${operation.query}`);
    for (const [name, own] of samples) {
      const cost = compare(own, off);
      const rps = median(own.map((one) => one.rps));
      const cpu = median(own.map((one) => one.cpuUs));
      console.log(
        `  ${name.padEnd(10)} ${rps.toFixed(0).padStart(6)} requests/s  ${cpu.toFixed(0).padStart(5)} µs CPU  ${describe(cost)}`,
      );
      // `off` against the other checkout: what it costs to have it at all.
      if ((name === 'on' || name === 'traces') && cost.median > limits.on) isMissed = true;
      if (name === 'against' && -cost.median > limits.off) isMissed = true;
    }
  }
  await issuer.close();
  process.exitCode = isMissed ? 1 : 0;
} finally {
  clearInterval(scraping);
  collector.closeAllConnections();
  collector.close();
  await client.stop();
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
}

/** CPU a request beyond that of `base` in the same round: the median over the rounds, and the middle half of them. */
function compare(own: readonly Sample[], base: readonly Sample[]) {
  const shares = own
    .map(({ cpuUs }, round) => cpuUs / (base[round]?.cpuUs ?? Number.NaN) - 1)
    .toSorted((a, b) => a - b);
  const at = (share: number) => shares[Math.floor(share * (shares.length - 1))] ?? Number.NaN;
  return { median: median(shares), low: at(0.25), high: at(0.75) };
}

function describe({ median: middle, low, high }: ReturnType<typeof compare>): string {
  const percent = (share: number) => `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;
  return `${percent(middle)} (middle half ${percent(low)} to ${percent(high)})`;
}

async function scrape(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
  await response?.text();
}
